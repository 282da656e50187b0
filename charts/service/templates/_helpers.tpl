{{/*
Names. The chart is used under an alias that is the service's Python package (patient_registry); Kubernetes wants dashes.
These helpers take a dict of `root` (the chart's context) and `service` (a package name), so that a service can name another.
*/}}
{{- define "service.kebab" -}}
{{ . | replace "_" "-" }}
{{- end }}

{{- define "service.nameOf" -}}
{{ printf "%s-%s" .root.Release.Name (include "service.kebab" .service) | trunc 53 | trimSuffix "-" }}
{{- end }}

{{- define "service.name" -}}
{{ include "service.nameOf" (dict "root" . "service" .Chart.Name) }}
{{- end }}

{{/* The fully qualified name of a Service in this release: what certificates and gRPC targets carry. */}}
{{- define "service.hostOf" -}}
{{ printf "%s.%s.svc.%s" (include "service.nameOf" .) .root.Release.Namespace .root.Values.global.clusterDomain }}
{{- end }}

{{/* What selects the pods of a component (root, component). */}}
{{- define "service.selectorOf" -}}
app.kubernetes.io/name: {{ include "service.kebab" .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "service.labelsOf" -}}
{{ include "service.selectorOf" . }}
app.kubernetes.io/part-of: polyclinic
app.kubernetes.io/version: {{ include "service.tag" .root | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "polyclinic-%s" .root.Chart.Version | quote }}
{{- end }}

{{- define "service.selector" -}}
{{ include "service.selectorOf" (dict "root" . "component" .Chart.Name) }}
{{- end }}

{{- define "service.labels" -}}
{{ include "service.labelsOf" (dict "root" . "component" .Chart.Name) }}
{{- end }}

{{/* The migration's pods are no members of the service: its Service, its budget and its arrows must not find them. */}}
{{- define "service.migration" -}}
{{ printf "%s-migrate" .Chart.Name }}
{{- end }}

{{- define "service.tag" -}}
{{ .Values.global.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* A service's image: <registry>/<prefix><service>:<tag>. Both gateways share one. */}}
{{- define "service.imageOf" -}}
{{- $image := .root.Values.global.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.prefix }}{{ include "service.kebab" .image }}:{{ include "service.tag" .root }}
{{- end }}

{{- define "service.image" -}}
{{ include "service.imageOf" (dict "root" . "image" .Values.package) }}
{{- end }}

{{/* Pods run as nobody in particular, with nothing they do not need. */}}
{{- define "service.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "service.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: ["ALL"]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* How many pods there can be at once, a rolling update's extra one included. */}}
{{- define "service.mostPods" -}}
{{- $most := ternary .Values.autoscaling.maxReplicas .Values.replicas .Values.autoscaling.enabled -}}
{{ add $most 1 }}
{{- end }}

{{/* How many pods there are at least. */}}
{{- define "service.fewestPods" -}}
{{ ternary .Values.autoscaling.minReplicas .Values.replicas .Values.autoscaling.enabled }}
{{- end }}

{{/*
Connections one database sees at most: two pools a pod, one for each waiting init container, one for the migration.
More than 80 % of the database's limit is refused here, before a rollout finds it out.
*/}}
{{- define "service.mostConnections" -}}
{{- $database := .Values.database -}}
{{- $pods := include "service.mostPods" . | int -}}
{{ add (mul $pods (add $database.poolSize $database.workerPoolSize)) $pods 1 }}
{{- end }}

{{- define "service.checkConnections" -}}
{{- $most := include "service.mostConnections" . | int -}}
{{- $limit := .Values.database.connectionLimit | int -}}
{{- if gt (mul $most 100) (mul $limit 80) -}}
{{- fail (printf "%s: %d connections at most (pods × pools) are more than 80 %% of the database's limit of %d; lower maxReplicas or database.poolSize, or raise database.connectionLimit together with the server's" .Chart.Name $most $limit) -}}
{{- end -}}
{{- end }}

{{/* Where the container listens. */}}
{{- define "service.port" -}}
{{ ternary .Values.global.grpcPort .Values.port (eq .Values.protocol "grpc") }}
{{- end }}

{{/* Longer than the longest call and the longest handler: unready, the pause, the drain, then the message in hand. */}}
{{- define "service.gracePeriod" -}}
{{- $timing := .Values.global.timing -}}
{{ add $timing.drainDelaySeconds $timing.longestDeadlineSeconds $timing.redeliverySeconds 10 }}
{{- end }}

{{/* The names of a service's Secrets: given by the operator, or made by the umbrella for a trial. */}}
{{- define "service.secretName" -}}
{{- .Values.secretName | default (printf "%s-credentials" (include "service.nameOf" (dict "root" . "service" .Values.package))) -}}
{{- end }}

{{- define "service.databaseSecretName" -}}
{{- .Values.database.secretName | default (printf "%s-database" (include "service.name" .)) -}}
{{- end }}

{{- define "service.ownerSecretName" -}}
{{- .Values.database.ownerSecretName | default (printf "%s-database-owner" (include "service.name" .)) -}}
{{- end }}

{{- define "service.tlsSecretName" -}}
{{ printf "%s-tls" (include "service.name" .) }}
{{- end }}

{{/* host:port of PostgreSQL and NATS when they run in the cluster for a trial. */}}
{{- define "service.postgresqlHost" -}}
{{ printf "%s.%s.svc.%s" (include "service.nameOf" (dict "root" . "service" "postgresql")) .Release.Namespace .Values.global.clusterDomain }}
{{- end }}

{{- define "service.natsUrl" -}}
{{- $nats := .Values.global.nats -}}
{{- if $nats.inCluster -}}
{{ printf "%s://%s.%s.svc.%s:4222" (ternary "tls" "nats" .Values.global.tls.enabled) (include "service.nameOf" (dict "root" . "service" "nats")) .Release.Namespace .Values.global.clusterDomain }}
{{- else -}}
{{ required "global.nats.url: where NATS is, when it does not run in the cluster" $nats.url }}
{{- end -}}
{{- end }}

{{/* Where traces, metrics and logs go: the collector of this release, or the operator's. */}}
{{- define "service.telemetryEndpoint" -}}
{{- $telemetry := .Values.global.telemetry -}}
{{- if $telemetry.collector -}}
{{ printf "http://%s.%s.svc.%s:4318" (include "service.nameOf" (dict "root" . "service" "collector")) .Release.Namespace .Values.global.clusterDomain }}
{{- else -}}
{{ $telemetry.endpoint }}
{{- end -}}
{{- end }}

{{/* Environment that is no secret, as a YAML map of full variable names. */}}
{{- define "service.config" -}}
{{- $root := . -}}
{{- $global := .Values.global -}}
{{- $grpc := eq .Values.protocol "grpc" -}}
POLYCLINIC_LISTEN: {{ printf "%s:%d" $global.listenAddress (include "service.port" . | int) | quote }}
POLYCLINIC_NATS_URL: {{ include "service.natsUrl" . | quote }}
POLYCLINIC_NATS_USER: {{ .Values.package | quote }}
POLYCLINIC_OTLP_ENDPOINT: {{ include "service.telemetryEndpoint" . | quote }}
POLYCLINIC_CLOCK: {{ $global.clock | quote }}
POLYCLINIC_DEMO: {{ ternary "1" "0" $global.demo | quote }}
{{- if $grpc }}
POLYCLINIC_HEALTH_LISTEN: {{ printf "%s:%d" $global.listenAddress (int .Values.healthPort) | quote }}
POLYCLINIC_DRAIN_DELAY_SECONDS: {{ $global.timing.drainDelaySeconds | quote }}
POLYCLINIC_DEFAULT_DEADLINE_SECONDS: {{ $global.timing.longestDeadlineSeconds | quote }}
POLYCLINIC_REDELIVERY_SECONDS: {{ $global.timing.redeliverySeconds | quote }}
POLYCLINIC_NATS_STREAM_REPLICAS: {{ $global.nats.streamReplicas | quote }}
{{- end }}
{{- if .Values.database.enabled }}
POLYCLINIC_DATABASE_POOL_SIZE: {{ .Values.database.poolSize | quote }}
POLYCLINIC_DATABASE_WORKER_POOL_SIZE: {{ .Values.database.workerPoolSize | quote }}
POLYCLINIC_DATABASE_SSLMODE: {{ $global.postgresql.sslmode | quote }}
{{- if $global.postgresql.caSecret }}
POLYCLINIC_DATABASE_CA_FILE: "/etc/polyclinic/database/ca.crt"
{{- end }}
POLYCLINIC_DATABASE_PREPARED_STATEMENTS: {{ ternary "1" "0" $global.postgresql.preparedStatements | quote }}
{{- end }}
{{- if $global.tls.enabled }}
POLYCLINIC_TLS_CERT_FILE: "/etc/polyclinic/tls/tls.crt"
POLYCLINIC_TLS_KEY_FILE: "/etc/polyclinic/tls/tls.key"
POLYCLINIC_TLS_CA_FILE: "/etc/polyclinic/tls/ca.crt"
{{- end }}
{{- if $global.nats.caSecret }}
POLYCLINIC_NATS_CA_FILE: "/etc/polyclinic/nats/ca.crt"
{{- end }}
{{- range $peer := get $global.arrows .Chart.Name | default list }}
POLYCLINIC_{{ upper $peer }}_ADDRESS: {{ printf "dns:///%s:%d" (include "service.hostOf" (dict "root" $root "service" $peer)) (int $global.grpcPort) | quote }}
{{- end }}
{{- range $name, $value := .Values.config }}
POLYCLINIC_{{ $name }}: {{ tpl (toString $value) $root | quote }}
{{- end }}
{{- end }}

{{/* Secrets as environment entries. `.owner` adds the migrating role. */}}
{{- define "service.databaseEnvironment" -}}
{{- $root := .root -}}
- name: POLYCLINIC_DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ include "service.databaseSecretName" $root }}, key: app-url}}
- name: POLYCLINIC_DATABASE_WORKER_URL
  valueFrom: {secretKeyRef: {name: {{ include "service.databaseSecretName" $root }}, key: worker-url}}
{{- if .owner }}
- name: POLYCLINIC_DATABASE_OWNER_URL
  valueFrom: {secretKeyRef: {name: {{ include "service.ownerSecretName" $root }}, key: owner-url}}
{{- end }}
{{- end }}

{{- define "service.environment" -}}
- name: POLYCLINIC_INSTANCE
  {{- if .Values.instance }}
  value: {{ .Values.instance | quote }}
  {{- else }}
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
  {{- end }}
{{- range $name := .Values.secrets }}
- name: POLYCLINIC_{{ $name }}
  valueFrom: {secretKeyRef: {name: {{ include "service.secretName" $ }}, key: {{ $name | lower | replace "_" "-" }}}}
{{- end }}
{{- if .Values.database.enabled }}
{{ include "service.databaseEnvironment" (dict "root" . "owner" false) }}
{{- end }}
{{- end }}

{{/* What is mounted: a scratch folder, and the certificates. */}}
{{- define "service.volumeMounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .Values.global.tls.enabled }}
- {name: tls, mountPath: /etc/polyclinic/tls, readOnly: true}
{{- end }}
{{- if .Values.global.nats.caSecret }}
- {name: nats-ca, mountPath: /etc/polyclinic/nats, readOnly: true}
{{- end }}
{{ include "service.databaseMount" . }}
{{- end }}

{{- define "service.databaseMount" -}}
{{- if and .Values.database.enabled .Values.global.postgresql.caSecret }}
- {name: database-ca, mountPath: /etc/polyclinic/database, readOnly: true}
{{- end }}
{{- end }}

{{- define "service.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: {{ .Values.scratchSize }}}
{{- if .Values.global.tls.enabled }}
- name: tls
  secret: {secretName: {{ include "service.tlsSecretName" . }}, defaultMode: 0440}
{{- end }}
{{- if .Values.global.nats.caSecret }}
- name: nats-ca
  secret: {secretName: {{ .Values.global.nats.caSecret }}, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{ include "service.databaseVolume" . }}
{{- end }}

{{- define "service.databaseVolume" -}}
{{- if and .Values.database.enabled .Values.global.postgresql.caSecret }}
- name: database-ca
  secret: {secretName: {{ .Values.global.postgresql.caSecret }}, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{- end }}

{{/* Resources of init containers and of the migration: one Python process that asks a database. */}}
{{- define "service.smallResources" -}}
requests: {cpu: 50m, memory: 128Mi}
limits: {cpu: "1", memory: 256Mi}
{{- end }}
