{{- define "polyclinic.collectorConfig" -}}
{{- $forward := .Values.collector.forwardTo -}}
extensions:
  health_check: {endpoint: 0.0.0.0:13133}
receivers:
  otlp:
    protocols:
      http: {endpoint: 0.0.0.0:4318}
processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  batch: {}
exporters:
  prometheus:
    endpoint: 0.0.0.0:8889
    resource_to_telemetry_conversion: {enabled: true}
  {{- if $forward }}
  otlphttp: {endpoint: {{ $forward | quote }}}
  {{- else }}
  nop: {}
  {{- end }}
service:
  extensions: [health_check]
  pipelines:
    metrics:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [prometheus{{ if $forward }}, otlphttp{{ end }}]
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [{{ ternary "nop" "otlphttp" (empty $forward) }}]
    logs:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [{{ ternary "nop" "otlphttp" (empty $forward) }}]
{{- end }}
