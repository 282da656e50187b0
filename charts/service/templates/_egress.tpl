{{/* Where every policy leads beside the arrows: NATS, the own database, telemetry. */}}
{{- define "service.egressToDns" -}}
- to:
    - namespaceSelector:
        {{- toYaml .Values.global.dns.namespaceSelector | nindent 8 }}
    {{- range .Values.global.dns.cidrs }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
  ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{- end }}

{{- define "service.egressToNats" -}}
- to:
    {{- if .Values.global.nats.inCluster }}
    - podSelector:
        matchLabels:
          {{- include "service.selectorOf" (dict "root" . "component" "nats") | nindent 10 }}
    {{- else }}
    {{- range required "global.nats.cidrs: the networks NATS is reached at" .Values.global.nats.cidrs }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
    {{- end }}
  ports: [{port: {{ .Values.global.nats.port }}, protocol: TCP}]
{{- end }}

{{- define "service.egressToPostgresql" -}}
- to:
    {{- if .Values.global.postgresql.inCluster }}
    - podSelector:
        matchLabels:
          {{- include "service.selectorOf" (dict "root" . "component" "postgresql") | nindent 10 }}
    {{- else }}
    {{- range required "global.postgresql.cidrs: the networks PostgreSQL is reached at" .Values.global.postgresql.cidrs }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
    {{- end }}
  ports: [{port: {{ .Values.global.postgresql.port }}, protocol: TCP}]
{{- end }}

{{- define "service.egressToTelemetry" -}}
{{- $telemetry := .Values.global.telemetry -}}
{{- if $telemetry.collector -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "service.selectorOf" (dict "root" . "component" "collector") | nindent 10 }}
  ports: [{port: 4318, protocol: TCP}]
{{- else if $telemetry.endpoint -}}
- to:
    - namespaceSelector:
        {{- toYaml $telemetry.namespaceSelector | nindent 8 }}
  ports: [{port: {{ $telemetry.port }}, protocol: TCP}]
{{- end }}
{{- end }}
