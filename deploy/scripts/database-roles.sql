-- The roles of GridOS in a new database, once, as the administrator:
--
--   psql "host=psql-gridos-dev.postgres.database.azure.com dbname=gridos user=gridos_admin sslmode=verify-full sslrootcert=system" \
--        --set owner="$OWNER_PASSWORD" --set writer="$WRITER_PASSWORD" --file deploy/scripts/database-roles.sql
--
-- The passwords are those of the Key Vault's secrets database-owner-password and database-writer-password. The owner's tables come
-- with `gridos migrate`, and so do the others' rights in them.
\set ON_ERROR_STOP on
create role gridos_owner login password :'owner';
create role gridos_writer login password :'writer' connection limit 400;
create role gridos_reader nologin;
grant gridos_owner to current_user;
alter database gridos owner to gridos_owner;
revoke connect on database gridos from public;
grant connect on database gridos to gridos_writer, gridos_reader;
