{{- define "polyclinic.natsPasswordKeys" -}}
{{- $keys := list -}}
{{- range $package := include "polyclinic.packages" . | fromJsonArray -}}
{{- $keys = append $keys (printf "nats-password-%s" (include "service.kebab" $package)) -}}
{{- end -}}
{{ $keys | toJson }}
{{- end }}

{{- define "polyclinic.natsAuthorization" -}}
{{- $table := .Files.Get "files/nats-permissions.yaml" | fromYaml -}}
authorization {
  users = [
    # A person's: everything, the deleting of streams too.
    {user: ops, password: $NATS_PASSWORD_OPS}
    {{- range $package := include "polyclinic.packages" . | fromJsonArray }}
    {
      user: {{ $package }}
      password: $NATS_PASSWORD_{{ upper $package }}
      permissions: {
        publish: {
          allow: {{ prepend $table.everyone ($table.own | replace "<user>" $package) | toJson | replace "\\u003e" ">" }}
          deny: {{ $table.never | toJson | replace "\\u003e" ">" }}
        }
      }
    }
    {{- end }}
  ]
}
{{- end }}

{{- define "polyclinic.natsConfig" -}}
{{- $name := include "service.nameOf" (dict "root" . "service" "nats") -}}
server_name: $POD_NAME
listen: 0.0.0.0:4222
http: 8222
max_payload: 8MB
lame_duck_duration: 30s
lame_duck_grace_period: 5s
jetstream {
  store_dir: /data
  max_memory_store: 64MB
  {{- if .Values.nats.encryption }}
  cipher: chachapoly
  key: $JETSTREAM_KEY
  {{- end }}
}
{{- if .Values.global.tls.enabled }}
tls {
  cert_file: /etc/polyclinic/tls/tls.crt
  key_file: /etc/polyclinic/tls/tls.key
  ca_file: /etc/polyclinic/tls/ca.crt
  verify: true
}
{{- end }}
{{- if gt (int .Values.nats.replicas) 1 }}
cluster {
  name: {{ .Release.Name }}
  listen: 0.0.0.0:6222
  # Who may join: the NetworkPolicy says it, and with TLS the certificate.
  {{- if .Values.global.tls.enabled }}
  tls {
    cert_file: /etc/polyclinic/tls/tls.crt
    key_file: /etc/polyclinic/tls/tls.key
    ca_file: /etc/polyclinic/tls/ca.crt
    verify: true
  }
  {{- end }}
  routes = [
    {{- range $index := until (int .Values.nats.replicas) }}
    nats-route://{{ $name }}-{{ $index }}.{{ include "service.hostOf" (dict "root" $ "service" "nats") }}:6222
    {{- end }}
  ]
}
{{- end }}
include ./authorization.conf
{{- end }}
