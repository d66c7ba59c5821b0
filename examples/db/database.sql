-- The tables of schemas/shop.ts, and a role for jobs that may do no more with them than they need. To be run once, in a database of their own.
CREATE TABLE customers (id serial PRIMARY KEY, email text NOT NULL UNIQUE, is_active boolean NOT NULL DEFAULT true);
CREATE TABLE orders (
  id serial PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES customers (id),
  total numeric(12, 2) NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE ROLE shop_jobs LOGIN PASSWORD 'change-me';
GRANT SELECT, INSERT ON customers, orders TO shop_jobs;
GRANT USAGE ON SEQUENCE customers_id_seq, orders_id_seq TO shop_jobs;

-- All jobs share the role, and PostgreSQL lets everybody call these: end and watch the other sessions of one's role, tell channels, store large objects, and change settings, such as the memory that a query may take.
REVOKE EXECUTE ON FUNCTION
  pg_terminate_backend, pg_cancel_backend, pg_stat_get_activity, pg_stat_get_backend_activity, pg_notify, lo_creat, lo_create, lo_from_bytea, set_config
  FROM PUBLIC;
