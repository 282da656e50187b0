{{/* infra/observability/collector.yaml, without its way out where collector.forwardTo names none. */}}
{{- define "polyclinic.collectorConfig" -}}
{{- $config := .Files.Get "files/collector.yaml" | fromYaml -}}
{{- if not .Values.collector.forwardTo -}}
{{- $_ := unset $config.exporters "otlphttp" -}}
{{- $_ := set $config.exporters "nop" dict -}}
{{- range $signal := list "traces" "logs" -}}
{{- $_ := set (get $config.service.pipelines $signal) "exporters" (list "nop") -}}
{{- end -}}
{{- end -}}
{{ toYaml $config }}
{{- end }}
