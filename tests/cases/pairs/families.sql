-- case: a column of a partition key gets another type
-- old
create table t (id int, at timestamp not null, primary key (id, at)) partition by range (at);
create table t1 partition of t for values from ('2020-01-01') to ('2021-01-01');
insert into t values (1, '2020-05-05');
-- new
create table t (id bigint, at timestamptz not null, primary key (id, at)) partition by range (at);
create table t1 partition of t for values from ('2020-01-01') to ('2021-01-01');

-- case: partitioned by an enum that loses a label
-- old
create type state as enum ('open', 'closed', 'gone');
create table t (id int, s state) partition by list (s);
create table t_open partition of t for values in ('open');
create table t_closed partition of t for values in ('closed', 'gone');
insert into t values (1, 'open'), (2, 'closed');
-- new
create type state as enum ('open', 'closed');
create table t (id int, s state) partition by list (s);
create table t_open partition of t for values in ('open');
create table t_closed partition of t for values in ('closed');

-- case: heirs with columns of their own under the same names
-- old
create table a (x int not null, check (x > 0));
create table b (y int default 1) inherits (a);
create table c (z int) inherits (b);
-- new
create table a (x bigint not null, w text default 'q', check (x > 1));
create table b (y int default 2, x bigint not null) inherits (a);
create table c (z int) inherits (b, a);

-- case: a table comes to a parent, another leaves it
-- old
create table p (id int, n text);
create table c (id int, n text, e int);
create table d () inherits (p);
insert into c values (1, 'c', 3);
-- new
create table p (id int, n text);
create table c (e int) inherits (p);
create table d (id int, n text);

-- case: a parent goes, its heir stays
-- old
create table p (id int primary key, n text default 'k');
create table c (e int) inherits (p);
-- new
create table c (id int not null, n text default 'k', e int);

-- case: a default of the parent that its heirs do not share, and an heir that goes
-- old
create table a (id int primary key, b bigint not null, c text default 'x');
create table b (e timestamp) inherits (a);
create table c () inherits (a);
alter table c alter b set default 3;
-- new
create table a (id int primary key, b int default 1 not null, c text default 'x');
create table c () inherits (a);
alter table c alter b set default 3;

-- case: an identity column at a parent whose heir goes
-- old
create table a (id int);
create table b () inherits (a);
-- new
create table a (id int, n int generated always as identity);

-- case: typed table becomes an heir
-- old
create type pair as (l text, r text);
create table a (id bigint, b int);
create table b of pair;
-- new
create table a (id bigint, b int);
create table b (b int default 5 not null, e int) inherits (a);

-- case: typed table whose type gets an attribute
-- old
create type pair as (l int, r text);
create table t of pair (primary key (l));
insert into t values (1, 'one');
-- new
create type pair as (l int, r text, m date);
create table t of pair (primary key (l), m default now(), r not null);

-- case: check that is not validated reaches an heir and a partition
-- old
create table p (id int);
create table h () inherits (p);
create table r (id int, d date) partition by range (d);
-- new
create table p (id int);
create table h () inherits (p);
create table k (id int);
alter table k inherit p;
alter table p add constraint ck check (id > 0) not valid;
create table r (id int, d date) partition by range (d);
create table r1 partition of r default;
alter table r add constraint rk check (id > 0) not valid;

-- case: index of the parent alone, made where the partition has none
-- old
create table t (id int, k int) partition by list (k);
-- new
create table t (id int, k int) partition by list (k);
create table t1 partition of t for values in (1);
create index whole on only t (id);

-- case: table written again while another table has a column of its row type
-- old
create table a (id int primary key, b int not null);
create table b (e int) inherits (a);
alter table b add column o a;
create table c (id int, x a);
insert into c values (1, row(1, 2));
-- new
create unlogged table a (id int primary key, b bigint);
create table b (e int) inherits (a);
alter table b add column o a;
create table c (id int, x a);

-- case: a check leaves with the parent
-- old
create table a (id int primary key, b int, check (b > 0));
create table b (b int default 5, e int) inherits (a);
-- new
create table a (id int primary key, b int);
create table b (id int not null, b int default 5);

-- case: generated column over a column that gets another type at the parent
-- old
create table a (id int, c text);
create table b (e int) inherits (a);
alter table a add column g text generated always as (c) stored;
-- new
create table a (id int, c text collate "C");
create table b (e int) inherits (a);
alter table a add column g text generated always as (c) stored;

-- case: heirs that go have a column of the new name, and policies on the old type
-- old
create table a (id bigint primary key);
create table b (e int) inherits (a);
create table c () inherits (a);
create policy pq on b using (exists (select from c where id is not null));
-- new
create table a (id int primary key, e text);

-- case: serial table becomes partitioned and loses its sequence
-- old
create table a (id serial primary key, b int);
insert into a (b) values (1), (2);
-- new
create table a (id int, b int) partition by hash (b);
create table a0 partition of a for values with (modulus 1, remainder 0);

-- case: ordinary table becomes typed
-- old
create table b (id int primary key, b int, r text);
-- new
create type pair as (l int, r text, m int);
create table b of pair (l not null);

-- case: column that is filled at once, while a column is of the table's row type
-- old
create table a (id bigint primary key, b int);
create table b (o a);
-- new
create table a (id bigint, b int, e int generated always as identity, g int generated always as (b + 1) stored);
create table b (o a);

-- case: NOT NULL of an heir that is its own
-- old
create table b (x int, y int, z int not null);
-- new
create table b (x int, y int, z int not null);
create table c () inherits (b);
alter table c alter x set not null;
alter table c alter y set default 4;

-- case: NOT NULL of heirs and typed tables under names of their own
-- since 18
-- old
create type tt as (x int, y int);
create table b (x int constraint foo not null, y int);
-- new
create type tt as (x int, y int);
create table b (x int constraint foo not null, y int);
create table c (constraint goo not null x) inherits (b);
create table d (primary key (x)) inherits (b);
create table e () inherits (b);
alter table e add constraint alone not null y no inherit;
create table f () inherits (e);
alter table f add constraint again not null y;
create table t of tt (x with options constraint foo not null, y not null);
create table h () inherits (t);

-- case: a check of an heir that is its parent's too, there for new rows only
-- old
create table a (x int);
create table b () inherits (a);
alter table a add constraint c check (x > 0);
-- new
create table a (x int);
create table b () inherits (a);
alter table b add constraint c check (x > 0);
alter table a add constraint c check (x > 0) not valid;

-- case: a table becomes an heir, while an index goes that its foreign key rested on
-- old
create table a (id int primary key, b int, c text default 'x');
create table b (id int primary key, a_id int, x numeric(10,2));
alter table a alter column b set (n_distinct = 5);
create unique index i1 on a (b);
alter table b add constraint fk foreign key (a_id) references a (b);
create function rows_of() returns setof b language sql stable as 'select * from b';
insert into a values (1, 4), (2, 5);
insert into b values (7, 4, 1.5);
-- new
create table a (id int primary key, b int, c text default 'x');
create table b (e date) inherits (a);
create function rows_of() returns setof b language sql stable as 'select * from b';

-- case: parents in another order, one fewer
-- old
create table x (a int);
create table y (a int, b int);
create table z (c int) inherits (x, y);
create table z2 () inherits (y, x);
insert into z values (1, 2, 3);
-- new
create table x (a int);
create table y (a int, b int);
create table z (c int) inherits (y);
create table z2 () inherits (x, y);

-- case: NOT NULL comes to be inherited
-- since 18
-- old
create table x (a int constraint nn not null no inherit);
create table z () inherits (x);
create table zz () inherits (z);
-- new
create table x (a int constraint nn not null);
create table z () inherits (x);
create table zz () inherits (z);

-- case: a table that is divided or put together, and a function that its check calls
-- old
create table a (id int primary key, b int, c text);
create view v as select id from a;
insert into a values (1, 2, 'x');
-- new
create function half(n int) returns int language sql immutable as 'select n / 2';
create table a (id int not null, b int, c text) partition by range (id);
create table a1 partition of a default;
alter table a add constraint ck check (half(b) < 90);
create view v as select id from a;
-- case: a new heir stores its parent's column otherwise
-- old
create table a (x text);
alter table a alter x set storage external;
-- new
create table a (x text);
alter table a alter x set storage external;
create table b () inherits (a);
alter table b alter x set storage extended;
-- case: a new heir compresses and counts otherwise
-- old
create table a (x text compression pglz);
-- new
create table a (x text compression pglz);
create table b () inherits (a);
alter table b alter x set statistics 500;
alter table b alter x set compression default;
-- case: a parent stores and compresses otherwise than its heir
-- old
create table a (x text);
create table b () inherits (a);
-- new
create table a (x text);
create table b () inherits (a);
alter table only a alter x set storage external;
alter table only a alter x set compression pglz;
-- case: a heir that also declares the column
-- old
create table a (x text);
alter table a alter x set storage external;
-- new
create table a (x text);
alter table a alter x set storage external;
create table b (x text) inherits (a);
alter table b alter x set storage extended;
create table c () inherits (b);
alter table c alter x set storage main;

-- case: foreign tables, alone and as a partition, whose columns get other types
-- old
create extension file_fdw;
create server files foreign data wrapper file_fdw;
create type state as enum ('new', 'done');
create foreign table visit (id int not null, s state, note text options (force_null 'true')) server files
  options (filename '/visits', format 'csv');
create table bill (id int, s state) partition by list (id);
create foreign table bill_1 partition of bill for values in (1) server files options (filename '/bills');
-- new
create extension file_fdw;
create server files foreign data wrapper file_fdw;
create type state as enum ('done', 'paid');
create foreign table visit (id bigint, s state, note varchar(20) options (force_not_null 'true')) server files
  options (format 'csv', filename '/old visits');
create table bill (id int, s state) partition by list (id);
create foreign table bill_1 partition of bill for values in (1) server files options (filename '/bills');

-- case: the NOT NULL of an heir gets a name of its own
-- since 18
-- old
create table p (a int constraint pa not null, b int not null);
create table c (a int constraint pa not null) inherits (p);
create table g () inherits (c);
insert into g values (1, 2);
-- new
create table p (a int constraint pa not null, b int not null);
create table c (a int constraint other not null) inherits (p);
create table g () inherits (c);

-- case: the NOT NULL of an heir gets a name of its own, which has nothing from its parent alone
-- since 18
-- old
create table p (a int constraint pa not null, b int);
create table c (a int constraint pa not null, b int) inherits (p);
create table d () inherits (p);
insert into c values (1, 2);
-- new
create table p (a int constraint pa not null, b int);
create table c (a int constraint other not null, b int) inherits (p);
create table d () inherits (p);

-- case: NOT NULL stays valid at an heir only
-- since 18
-- old
create table p (a int, b int);
create table i () inherits (p);
alter table p add constraint p_b_not_null not null b not valid;
create table h () inherits (p);
-- new
create table p (a int, b int not null);
create table h () inherits (p);
create table i () inherits (p);
insert into p values (1,1);
insert into h values (1,1);

-- case: NOT NULL is valid at a partition only
-- since 18
-- old
create table p (a int, b int) partition by range (a);
create table p1 partition of p for values from (0) to (10);
create table p2 partition of p for values from (10) to (20);
alter table p add constraint bb not null b not valid;
alter table p1 validate constraint bb;
-- new
create table p (a int, b int) partition by range (a);
create table p1 partition of p for values from (0) to (10);
create table p2 partition of p for values from (10) to (20);
insert into p values (1, 1), (11, 1);

-- case: the NOT NULL of an heir becomes its parent's too, under another name
-- since 18
-- old
create table p (a int, b int);
create table h (a int not null, b int) inherits (p);
insert into h values (1,1);
-- new
create table p (a int not null, b int);
create table h (a int constraint hh not null, b int) inherits (p);

-- case: a foreign table as an heir whose parent's column gets another type
-- old
create foreign data wrapper w; create server s foreign data wrapper w;
create table q (a int, b text);
create foreign table f2 () inherits (q) server s;
-- new
create foreign data wrapper w; create server s foreign data wrapper w;
create table q (a int, b varchar(10));
create foreign table f2 (z int) inherits (q) server s;
