-- case: circular foreign keys, self references, deferrable keys
-- old
create table gone (id int primary key);
create table gone2 (id int primary key, g int references gone);
alter table gone add column g2 int references gone2;
-- new
create table a (id int primary key, b_id int);
create table b (id int primary key, a_id int references a deferrable initially deferred, parent int references b on delete set null);
alter table a add foreign key (b_id) references b on update cascade;

-- case: functions used by checks, defaults, generated columns, indexes and policies
-- old
create table t (id int primary key, n int);
-- new
create function half(n int) returns int language sql immutable as $$ select n / 2 $$;
create function base() returns int language plpgsql as $$ begin return 3; end $$;
create table t (id int primary key, n int default base(), h int generated always as (half(n)) stored, check (half(n) < 100));
create index on t (half(n));
alter table t enable row level security;
create policy mine on t for select using (half(id) = 1);

-- case: function signature changes under a view, a trigger and an index
-- old
create function f(a int) returns int language sql immutable as $$ select a $$;
create table t (id int);
create view v as select f(id) as x from t;
create index on t (f(id));
-- new
create function f(a int) returns bigint language sql immutable as $$ select a::bigint $$;
create table t (id int);
create view v as select f(id) as x from t;
create index on t (f(id));

-- case: exclusion, unique nulls, deferrable unique, not valid, no inherit
-- old
create table t (id int, r int4range, u int, constraint ex exclude using gist (r with &&));
-- new
create table t (id int, r int4range, u int, constraint ex exclude using gist (r with &&) where (id > 0),
  constraint uq unique (u) deferrable initially deferred, constraint ni check (id > 0) no inherit);
alter table t add constraint later check (u > 0) not valid;

-- case: index attributes
-- old
create table t (a text, b int, c jsonb, d text);
create index i1 on t (a);
create index i2 on t (b);
create index i3 on t using gin (c);
-- new
create table t (a text, b int, c jsonb, d text);
create index i1 on t (a text_pattern_ops desc nulls last) include (b) with (fillfactor = 70);
create unique index i2 on t (b) where a is not null;
create index i3 on t using gin (c jsonb_path_ops);
create index i4 on t (lower(a), (b + 1));
alter table t cluster on i1;
alter index i4 alter column 2 set statistics 300;

-- case: table attributes
-- old
create table t (a text, b text, c int not null);
create unique index t_c on t (c);
-- new
create unlogged table t (a text, b text, c int not null) with (fillfactor = 50, autovacuum_enabled = false);
create unique index t_c on t (c);
alter table t replica identity using index t_c;
alter table t alter column a set storage external, alter column b set statistics 10, alter column b set (n_distinct = 5);
alter table t force row level security;

-- case: sequences owned, moved and freed
-- old
create sequence s1;
create table t (id int default nextval('s1'));
alter sequence s1 owned by t.id;
create table u (id serial, x int);
-- new
create sequence s1 increment by 5 cache 3;
create table t (id bigint default nextval('s1'));
create table u (x int);
create sequence u_id_seq as int;

-- case: views with options, defaults, column grants, triggers instead of
-- old
create table t (id int primary key, x int);
create view v as select id, x from t;
-- new
create table t (id int primary key, x int);
create view v with (security_barrier) as select id, x from t where x > 0 with local check option;
alter view v alter column x set default 9;
create function f() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger tr instead of insert on v for each row execute function f();
create rule r as on delete to t do also select 1;

-- case: view loses a column in the middle, another view depends on it
-- old
create table t (a int, b int, c int);
create view v as select a, b, c from t;
create view w as select a, c from v;
-- new
create table t (a int, c int);
create view v as select a, c from t;
create view w as select a, c from v;

-- case: view that groups by a primary key
-- old
create table t (id int primary key, x int, y int);
create view v as select id, x from t group by id;
-- new
create table t (id bigint primary key, x int, y int);
create view v as select id, x from t group by id;

-- case: triggers of every kind
-- old
create function f() returns trigger language plpgsql as $$ begin return null; end $$;
create table t (a int, b int);
create trigger t1 after insert on t for each row execute function f();
create trigger t2 after insert on t for each row execute function f();
-- new
create function f() returns trigger language plpgsql as $$ begin return null; end $$;
create table t (a int, b int);
create trigger t1 after update of b on t for each row when (old.b is distinct from new.b) execute function f();
alter table t disable trigger t1;
create trigger t2 after insert on t referencing new table as fresh for each statement execute function f();
create constraint trigger t3 after insert on t deferrable initially deferred for each row execute function f();

-- case: policies
-- old
create table t (a int, who text);
alter table t enable row level security;
create policy p1 on t using (a > 0);
create policy p2 on t for insert with check (a > 1);
-- new
create table t (a int, who text);
alter table t enable row level security;
alter table t force row level security;
create policy p1 on t using (a > 1) with check (a < 9);
create policy p2 on t as restrictive for update to public using (who = current_user);

-- case: aggregates, operators and casts over functions
-- old
create function plus(a int, b int) returns int language sql immutable as $$ select a + b $$;
-- new
create function plus(a int, b int) returns int language sql immutable strict as $$ select a + b $$;
create aggregate total(int) (sfunc = plus, stype = int, initcond = '0');
create operator <+> (leftarg = int, rightarg = int, function = plus, commutator = <+>);
comment on aggregate total(int) is 'sum';

-- case: procedures and overloads
-- old
create procedure p(a int) language plpgsql as $$ begin end $$;
create function g(a int) returns int language sql as 'select 1';
create function g(a text) returns int language sql as 'select 2';
-- new
create procedure p(a int, b text default 'x') language plpgsql as $$ begin end $$;
create function g(a text) returns int language sql stable as 'select 3';
create function g(a int, variadic b int[]) returns setof int language sql as 'select 1';
create function h(a int) returns table (x int, y text) language sql begin atomic select a as x, 'y'::text as y; end;

-- case: function over a table's row type and a table whose default uses it
-- old
create table t (id int);
-- new
create table t (id int);
create function newest(r t) returns int language sql as $$ select r.id $$;
create table u (id int primary key, n int default 3, row_of t);

-- case: statistics, comments everywhere
-- old
create table t (a int, b int);
-- new
create table t (a int, b int);
create statistics st (ndistinct, dependencies) on a, b from t;
alter statistics st set statistics 50;
comment on statistics st is 'both';
comment on table t is 'a table';
comment on column t.a is 'it''s a';
create index i on t (a);
comment on index i is 'i';
alter table t add constraint k unique (b);
comment on constraint k on t is 'k';
comment on index k is 'index of k';

-- case: things move to another schema and names need quotes
-- old
create table "Order Lines" ("select" int primary key, "Mixed Case" text);
create schema old;
create table old.t (id int);
-- new
create schema "New One";
create table "New One"."Order Lines" ("select" int primary key, "Mixed Case" text default 'it''s', "ünï" int);
create index "ix ""quoted""" on "New One"."Order Lines" ("Mixed Case");

-- case: text search and event triggers
-- old
create table t (d text);
-- new
create text search dictionary plain (template = simple, stopwords = english);
create text search configuration conf (copy = english);
alter text search configuration conf alter mapping for asciiword with plain;
create table t (d text);
create index on t using gin (to_tsvector('conf', d));
create function e() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger et on ddl_command_end when tag in ('CREATE TABLE') execute function e();
alter event trigger et disable;

-- case: primary key made of a unique constraint, with keys that point at it
-- old
create table p (id int unique not null, other int);
create table c (p_id int references p (id));
-- new
create table p (id int primary key, other int unique);
create table c (p_id int references p (id), o int references p (other));

-- case: privileges granted, revoked, with grant option, on columns and functions
-- old
create table t (a int, b int);
grant select, insert on t to pg_monitor with grant option;
create function f() returns int language sql as 'select 1';
-- new
create table t (a int, b int);
grant select on t to pg_monitor;
grant update (b) on t to pg_read_all_stats;
create function f() returns int language sql as 'select 1';
revoke execute on function f() from public;
grant execute on function f() to pg_monitor;
create schema s;
grant usage on schema s to pg_monitor;
alter default privileges in schema s grant select on tables to pg_monitor;

-- case: keys that the server would fold into one
-- since 15
-- old
create table gone (id int);
-- new
create table t (id int, a int, r int4range, constraint t_pkey primary key (id), constraint one unique (a, id));
alter table t add constraint alike unique (a, id);
alter table t add constraint as_primary unique (id);
alter table t add constraint no_nulls unique nulls not distinct (a, id);
alter table t add constraint ex1 exclude using gist (r with &&);
alter table t add constraint ex2 exclude using gist (r with &&);

-- case: columns without a name inside of conditions, in what is made again
-- old
create table t (id int, k text);
create view v as select id from t where exists (select 'y' from t as o where o.id > t.id);
create view w as select id from t where exists (select null, -1, 99999999999, -1.5, 'it''s' from t as o where o.id > t.id);
create function f() returns text language sql begin atomic select 'y' where exists (select 'x'); end;
create policy own on t using (id in (select id from t as o where exists (select 'y')));
insert into t values (1, 'a');
-- new
create table t (id bigint, k text);
create view v as select id from t where exists (select 'y' from t as o where o.id > t.id);
create view w as select id, k from t where exists (select null, -1, 99999999999, -1.5, 'it''s' from t as o where o.id > t.id);
create function f() returns text language sql begin atomic select 'z' where exists (select 'x'); end;
create policy own on t using (id in (select id from t as o where exists (select 'z')));

-- case: another index is the one that CLUSTER uses
-- old
create table t (a int primary key, b int);
create index i on t (a);
create index j on t (b);
cluster t using i;
-- new
create table t (a int primary key, b int);
create index i on t (a);
create index j on t (b);
alter table t cluster on j;

-- case: views that need each other
-- old
create table t (i int);
create type m as enum ('a', 'b');
create view a as select 'a'::m as x, 1 as y;
create view b as select x, y, 'k'::varchar(5) as z from a;
create view c as select x, y as k from b join t on true;
create or replace view a as select x, k as y, 5::numeric as q from c limit 0;
grant select on a to testuser;
comment on view a is 'ring';
create view d as select * from a;
create function tf() returns trigger language plpgsql as 'begin return new; end';
create trigger tr instead of insert on a for each row execute function tf();
-- new
create table t (i int);

-- case: functions that call themselves, and views that they need
-- old
create table t (i int);
-- new
create table t (i int);
create function f(n int default 3) returns int begin atomic select 1; end;
create or replace function f(n int default 3) returns int begin atomic select case when n < 1 then 0 else f(n - 1) end; end;
create function s(n int) returns setof t begin atomic select * from t; end;
create function h(n int) returns table (a int, b text) begin atomic select i, 'x' from t; end;
create procedure pr(n int) begin atomic insert into t values (f(n)); end;
create view v as select f(1) as x, h.a from h(1);
create or replace function s(n int) returns setof t begin atomic select x from v; end;
create or replace function h(n int) returns table (a int, b text) begin atomic select s.i, 'x' from s(1); end;

-- case: a view and a function that need each other are made again
-- old
create table t (i int);
create view a as select 1 as x;
create function g() returns int begin atomic select x from a; end;
create or replace view a as select t.i as x from t where t.i = g();
insert into t values (3);
-- new
create table t (i bigint);
create view a as select 1::bigint as x;
create function g() returns bigint begin atomic select x from a; end;
create or replace view a as select t.i as x from t where t.i = g();

-- case: privileges on aggregates over sorted rows and over rows as such
-- old
create aggregate nearest (float8 order by anyelement)
  (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra);
create aggregate many (*) (sfunc = int8inc, stype = int8, initcond = '0');
-- new
create aggregate nearest (float8 order by anyelement)
  (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra);
create aggregate many (*) (sfunc = int8inc, stype = int8, initcond = '0');
grant execute on function nearest (float8, anyelement) to testuser;
revoke execute on function many () from public;
comment on aggregate nearest (float8 order by anyelement) is 'of the sorted';
