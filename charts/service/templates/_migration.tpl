{{- define "service.migrationPod" -}}
serviceAccountName: {{ include "service.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
restartPolicy: OnFailure
terminationGracePeriodSeconds: 60
{{- with .Values.global.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- include "service.podSecurity" . | nindent 2 }}
containers:
  - name: migrate
    image: {{ include "service.image" . }}
    imagePullPolicy: {{ .Values.global.image.pullPolicy }}
    command: [polyclinic, migrate, {{ .Values.package }}, --wait-seconds, "300"]
    env:
      {{- include "service.databaseEnvironment" (dict "root" . "owner" true) | nindent 6 }}
    envFrom:
      - configMapRef: {name: {{ include "service.name" . }}-config}
    resources:
      {{- include "service.smallResources" . | nindent 6 }}
    securityContext:
      {{- include "service.containerSecurity" . | nindent 6 }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      {{- include "service.databaseMount" . | nindent 6 }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: {{ .Values.scratchSize }}}
  {{- include "service.databaseVolume" . | nindent 2 }}
{{- end }}
