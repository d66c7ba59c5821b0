CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TABLE users (
  id serial PRIMARY KEY, e_mail text NOT NULL UNIQUE, is_active boolean NOT NULL DEFAULT true, mood mood NOT NULL DEFAULT 'calm', tags text[] NOT NULL DEFAULT '{}', scores integer[],
  details jsonb, born_at timestamptz, balance numeric(20, 2), views bigint, weight double precision, token uuid, double integer GENERATED ALWAYS AS (2) STORED
);
CREATE TABLE posts (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, title text NOT NULL, author_id integer NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE hidden (secret text);
CREATE ROLE app LOGIN PASSWORD 'secret-of-app';
GRANT SELECT, INSERT, UPDATE, DELETE ON users, posts TO app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;
