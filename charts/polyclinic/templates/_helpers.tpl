{{/* The components that are services, in the order of their names; and the packages behind them, each once. */}}
{{- define "polyclinic.components" -}}
{{ keys .Values.global.arrows | sortAlpha | toJson }}
{{- end }}

{{- define "polyclinic.packages" -}}
{{- $packages := list -}}
{{- range $component := include "polyclinic.components" . | fromJsonArray -}}
{{- $packages = append $packages (get $.Values $component).package -}}
{{- end -}}
{{ $packages | uniq | toJson }}
{{- end }}

{{- define "polyclinic.databases" -}}
{{- $databases := list -}}
{{- range $component := include "polyclinic.components" . | fromJsonArray -}}
{{- if (get $.Values $component).database.enabled -}}
{{- $databases = append $databases $component -}}
{{- end -}}
{{- end -}}
{{ $databases | toJson }}
{{- end }}

{{/* A password of a trial: letters and digits, beginning with a letter (NATS would read a number otherwise). */}}
{{- define "polyclinic.password" -}}
{{ printf "p%s" (printf "%s/%s" .seed .name | sha256sum | trunc 40) }}
{{- end }}

{{/* 32 bytes of a trial, in base64. */}}
{{- define "polyclinic.key" -}}
{{ printf "%s/%s" .seed .name | sha256sum | trunc 32 | b64enc }}
{{- end }}

{{- define "polyclinic.natsSecretName" -}}
{{ .Values.nats.secretName | default (include "service.nameOf" (dict "root" . "service" "nats-credentials")) }}
{{- end }}

{{/* Where browsers find TURN. Rendered in telehealth's context, which sees only globals: hence global.turnUrls. */}}
{{- define "polyclinic.turnUrls" -}}
{{ .Values.global.turnUrls | join "," }}
{{- end }}

{{/* What every pod of the umbrella's own has. */}}
{{- define "polyclinic.pullSecrets" -}}
{{- with .Values.global.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
