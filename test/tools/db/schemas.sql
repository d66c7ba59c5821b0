CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TABLE users (
  id serial PRIMARY KEY, e_mail text NOT NULL UNIQUE, is_active boolean NOT NULL DEFAULT true, mood mood NOT NULL DEFAULT 'calm', tags text[] NOT NULL DEFAULT '{}', scores integer[],
  details jsonb, born_at timestamptz, balance numeric(20, 2), views bigint, weight double precision, token uuid, double integer GENERATED ALWAYS AS (2) STORED
);
CREATE TABLE posts (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, title text NOT NULL, author_id integer NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE kinds (
  id serial PRIMARY KEY, small smallint, big bigint, bigger bigint, single real, double double precision, exact numeric(30, 10), "exactNumber" numeric, "exactBig" numeric, truth boolean, letters char(3), short varchar(20), long text, document json, "binary" jsonb,
  day date, "dayText" date, hour time, moment timestamp, "momentText" timestamp(6), zoned timestamptz, span interval, token uuid, address inet, network cidr, card macaddr, spot point, pair point, bar line, feeling mood, feelings mood[], grid integer[][],
  words text[], amounts numeric[], truths boolean[], moments timestamptz[], documents jsonb[], bigs bigint[]
);
CREATE TABLE hidden (secret text);
CREATE ROLE app LOGIN PASSWORD 'secret-of-app';
GRANT SELECT, INSERT, UPDATE, DELETE ON users, posts, kinds TO app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;
