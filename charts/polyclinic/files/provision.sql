-- One service's database and its three roles; does nothing twice, and sets the passwords each time. Run by psql as a
-- superuser with the variables service, owner_password, app_password, worker_password and connection_limit.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', :'service' || '_' || kind)
  FROM unnest(array['owner', 'app', 'worker']) AS kind
 WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = :'service' || '_' || kind) \gexec

SELECT format('ALTER ROLE %I PASSWORD %L', :'service' || '_' || kind, password)
  FROM (VALUES ('owner', :'owner_password'), ('app', :'app_password'), ('worker', :'worker_password')) AS given (kind, password) \gexec

SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', :'service', :'service' || '_owner')
 WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = :'service') \gexec

SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', :'service', :'connection_limit') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'service') \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I, %I', :'service', :'service' || '_app', :'service' || '_worker') \gexec

\connect :"service"
SELECT format('ALTER SCHEMA public OWNER TO %I', :'service' || '_owner') \gexec
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SELECT format('GRANT USAGE ON SCHEMA public TO %I, %I', :'service' || '_app', :'service' || '_worker') \gexec
