-- case: partitions with their own indexes, defaults and keys
-- old
create table m (id int not null, at date not null, v int default 1) partition by range (at);
create table m1 partition of m for values from ('2024-01-01') to ('2025-01-01');
insert into m values (1, '2024-05-05', 3);
-- new
create table m (id int not null, at date not null, v int default 1, primary key (id, at)) partition by range (at);
create table m1 partition of m for values from ('2024-01-01') to ('2025-01-01');
create table m2 partition of m (v default 5 not null) for values from ('2025-01-01') to ('2026-01-01');
create index on m (v);
create index only_here on m1 (at desc);

-- case: sub-partitions, a default partition, changed bounds
-- old
create table m (id int not null, k text not null) partition by list (k);
create table ma partition of m for values in ('a') partition by hash (id);
create table ma0 partition of ma for values with (modulus 2, remainder 0);
create table ma1 partition of ma for values with (modulus 2, remainder 1);
create table mb partition of m for values in ('b');
create table mx partition of m default;
create index on m (id);
insert into m values (1, 'a'), (2, 'b'), (3, 'c');
-- new
create table m (id int not null, k text not null) partition by list (k);
create table ma partition of m for values in ('a') partition by hash (id);
create table ma0 partition of ma for values with (modulus 2, remainder 0);
create table ma1 partition of ma for values with (modulus 2, remainder 1);
create table mb partition of m for values in ('b', 'd');
create table mx partition of m default;
create index on m (id, k);

-- case: an ordinary table becomes partitioned, with keys to and from it
-- old
create table p (id int primary key);
create table t (id int not null, at date not null, p_id int references p, primary key (id, at));
create index on t (p_id);
create table c (t_id int, t_at date, foreign key (t_id, t_at) references t);
create view v as select id from t;
insert into p values (1);
insert into t values (1, '2024-02-02', 1);
insert into c values (1, '2024-02-02');
-- new
create table p (id int primary key);
create table t (id int not null, at date not null, p_id int references p, primary key (id, at)) partition by range (at);
create table t_2024 partition of t for values from ('2024-01-01') to ('2025-01-01');
create index on t (p_id);
create table c (t_id int, t_at date, foreign key (t_id, t_at) references t);
create view v as select id from t;

-- case: triggers on partitioned tables, one disabled on a partition
-- old
create function f() returns trigger language plpgsql as $$ begin return new; end $$;
create table m (id int not null) partition by range (id);
create table m1 partition of m for values from (0) to (10);
-- new
create function f() returns trigger language plpgsql as $$ begin return new; end $$;
create table m (id int not null) partition by range (id);
create table m1 partition of m for values from (0) to (10);
create trigger tr before insert on m for each row execute function f();
create table m2 partition of m for values from (10) to (20);

-- case: detached and dropped partitions
-- old
create table m (id int primary key, x text) partition by range (id);
create table m1 partition of m for values from (0) to (10);
create table m2 partition of m for values from (10) to (20);
create index on m (x);
-- new
create table m (id int primary key, x text) partition by range (id);
create table m1 (id int primary key, x text);
create index on m1 (x);
create index on m (x);

-- case: inheritance with local and inherited columns
-- old
create table base (id int not null, at date);
create table kid (extra text) inherits (base);
-- new
create table base (id int not null, at date, who text default 'me', constraint pos check (id > 0));
create table kid (extra text, more int) inherits (base);
create table free (z int);

-- case: triggers that fire otherwise at partitions than at their parent
-- old
create function f() returns trigger language plpgsql as 'begin return new; end';
create table p (a int not null, b int) partition by list (a);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2) partition by list (a);
create table p21 partition of p2 for values in (2);
create trigger tr after insert on p for each row execute function f();
-- new
create function f() returns trigger language plpgsql as 'begin return new; end';
create table p (a int not null, b int) partition by list (a);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2) partition by list (a);
create table p21 partition of p2 for values in (2);
create trigger tr after insert on p for each row execute function f();
create trigger t2 after update on p for each row execute function f();
alter table p1 disable trigger tr;
alter table only p2 enable always trigger tr;
alter table only p disable trigger t2;

-- case: indexes and keys of a partitioned table alone
-- old
create table p (a int not null, b int) partition by list (a);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2);
-- new
create table p (a int not null, b int) partition by list (a);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2);
create index p_b on only p (b);
create index p1_b on p1 (b);
alter index p_b attach partition p1_b;
alter table only p add primary key (a);

-- case: a foreign key to one partition, and a foreign table as a partition
-- old
create foreign data wrapper w;
create server s foreign data wrapper w;
create table p (a int primary key check (a > 0), b int) partition by list (a);
create table p1 partition of p for values in (1);
create table q (a int check (a > 0)) partition by list (a);
create table k (a int);
-- new
create foreign data wrapper w;
create server s foreign data wrapper w;
create table p (a int primary key check (a > 0), b int) partition by list (a);
create table p1 partition of p for values in (1);
create table q (a int check (a > 0)) partition by list (a);
create foreign table q1 partition of q for values in (1) server s;
create table k (a int, foreign key (a) references p1 (a));

-- case: a partition becomes partitioned itself, with a key, an index and rows
-- old
create table t (a int, b int, primary key (a, b)) partition by range (a);
create table t1 partition of t for values from (1) to (3);
create table t2 partition of t for values from (3) to (5);
create index i on t (b);
insert into t values (1, 2), (4, 2);
-- new
create table t (a int, b int, primary key (a, b)) partition by range (a);
create table t1 partition of t for values from (1) to (3) partition by list (b);
create table t11 partition of t1 default;
create table t2 partition of t for values from (3) to (5);
create index i on t (b);

-- case: a partitioned table goes together with the tables that point at it
-- old
create table a (id int primary key, other int references a) partition by range (id);
create table a1 partition of a for values from (0) to (9);
create table b (id int references a deferrable initially deferred);
create table c (id int primary key references a) partition by range (id);
create table c1 partition of c for values from (1) to (5);
-- new
create table z (id int);

-- case: partitions go from a table that others point at
-- old
create table a (id int primary key) partition by range (id);
create table a1 partition of a for values from (0) to (9);
create table a2 partition of a for values from (9) to (99) partition by range (id);
create table a21 partition of a2 for values from (9) to (10);
create table b (id int references a);
-- new
create table a (id int primary key) partition by range (id);
create table a1 partition of a for values from (0) to (9);
create table b (id int references a);

-- case: a partitioned table with an access method for its partitions
-- since 17
-- old
create table h (a int) partition by list (a);
-- new
create access method heap2 type table handler heap_tableam_handler;
create table h (a int) partition by list (a) using heap2;
create table h1 partition of h for values in (1);

-- case: partition goes from and comes to a parent whose check is not valid
-- old
create table a (id int not null, b int) partition by list (b);
create table a1 partition of a (b default 4) for values in (1);
alter table a add constraint ck check (b > 0) not valid;
-- new
create table a (id int not null, b int) partition by list (b);
alter table a add constraint ck check (b > 0) not valid;

-- case: check goes while a partition is taken out for the name of a not null
-- since 17
-- old
create table a (id int not null, b int) partition by list (b);
create table a1 partition of a for values in (1);
alter table a add column e int generated always as identity;
alter table a add constraint ck check (b > 0);
-- new
create table a (id int not null, b int) partition by list (b);
create table a1 partition of a for values in (1);
alter table a add column e int;

-- case: serial column of a table that becomes partitioned
-- old
create table t (id serial primary key, x int);
insert into t (x) values (1), (2);
-- new
create table t (id serial primary key, x int) partition by range (id);
create table p partition of t for values from (0) to (100);

-- case: a partition lacks its share of an index
-- old
create table p (a int, b int) partition by range (a);
create table p1 partition of p for values from (0) to (10);
create table p2 partition of p for values from (10) to (20);
create index pi on p (b);
insert into p values (1,1),(11,2);
-- new
create table p (a int, b int) partition by range (a);
create table p1 partition of p for values from (0) to (10);
create table p2 partition of p for values from (10) to (20);
create index pi on only p (b);
create index p1_b_idx on p1 (b);
alter index pi attach partition p1_b_idx;

-- case: a partition lacks its share of a key
-- old
create table p (a int, b int) partition by range (a);
create table p1 partition of p for values from (0) to (10);
create table p2 partition of p for values from (10) to (20);
alter table p add constraint pk unique (a);
-- new
create table p (a int, b int) partition by range (a);
create table p1 partition of p for values from (0) to (10);
create table p2 partition of p for values from (10) to (20);
alter table only p add constraint pk unique (a);
alter table p1 add constraint p1k unique (a);
alter index pk attach partition p1k;

-- case: an exclusion constraint of a partitioned table
-- since 18.6
-- old
create extension btree_gist;
create table p (a int, r int4range) partition by range (a);
create table p1 partition of p for values from (0) to (10);
insert into p values (1, '[1,2)');
-- new
create extension btree_gist;
create table p (a int, r int4range, constraint ex exclude using gist (a with =, r with &&)) partition by range (a);
create table p1 partition of p for values from (0) to (10);
create table p2 partition of p for values from (10) to (20);

-- case: a partition has indexes of its own that are like those it has from its parent
-- old
-- new
create table visit (id int, ward text) partition by list (ward);
create table visit_a partition of visit for values in ('a');
create index z on visit (ward, id);
create index a on visit (ward, id);
create unique index u on visit (ward, id);
create index a_first on visit_a (ward desc, id);
alter table visit_a add constraint a_key unique (ward, id), add primary key (ward, id);

-- case: keys and indexes of a partition that are or become shares of an index without a constraint
-- old
create table visit (id int, ward text, note text) partition by list (ward);
create table visit_a partition of visit (primary key (ward, id)) for values in ('a');
create table visit_b partition of visit for values in ('b');
create table visit_c partition of visit (constraint mine unique (ward, id)) for values in ('c');
create index own on visit_b (note);
alter table visit_a add constraint pk_free unique (ward, note);
-- new
create table visit (id int, ward text, note text) partition by list (ward);
create table visit_a partition of visit (primary key (ward, id)) for values in ('a');
create table visit_b partition of visit for values in ('b');
create table visit_c partition of visit (constraint mine unique (ward, id)) for values in ('c');
create unique index whole on visit (ward, id);
create index own on visit_b (note);
create index noted on visit (note);
alter table visit_a add constraint pk_free unique (ward, note);
alter table visit add constraint free unique (ward, note);

-- case: a partition comes with an index that fits its parent's, and is to have another
-- old
create table visit (id int, ward text) partition by list (ward);
create table visit_a (id int, ward text);
create index whole on visit (ward, id);
create index own on visit_a (ward, id);
-- new
create table visit (id int, ward text) partition by list (ward);
create table visit_a partition of visit for values in ('a');
create index whole on visit (ward, id);
create index own on visit_a (ward, id);

-- case: foreign keys in a circle between partitioned tables, and between their partitions
-- old
-- new
create table visit (id int, ward text, note text) partition by list (ward);
create table visit_a partition of visit (primary key (ward, id)) for values in ('a');
create table visit_b partition of visit (primary key (ward, note)) for values in ('b');
create unique index whole on visit (ward, note);
create unique index one_ward on visit_b (ward);
create table bill (ward text, note text) partition by list (ward);
create table bill_a partition of bill for values in ('a');
create unique index billed on bill (ward, note);
create unique index bill_ward on bill_a (ward);
alter table bill add constraint of_visit foreign key (ward, note) references visit (ward, note);
alter table visit add constraint of_bill foreign key (ward, note) references bill (ward, note);
alter table bill_a add foreign key (ward) references visit_b (ward);
alter table visit_a add foreign key (ward) references bill_a (ward);

-- case: two serial tables that point at each other are divided
-- old
create table visit (id serial, ward text, unique (ward, id));
create table bill (id serial, ward text, unique (ward, id));
alter table visit add constraint of_bill foreign key (ward, id) references bill (ward, id);
alter table bill add constraint of_visit foreign key (ward, id) references visit (ward, id);
-- new
create table visit (id serial, ward text, unique (ward, id)) partition by list (ward);
create table visit_d partition of visit default;
create table bill (id serial, ward text, unique (ward, id)) partition by list (ward);
create table bill_d partition of bill default;
alter table visit add constraint of_bill foreign key (ward, id) references bill (ward, id);
alter table bill add constraint of_visit foreign key (ward, id) references visit (ward, id);

-- case: a partition keeps its parent's triggers as its own, another's own become its parent's
-- old
create function noted() returns trigger language plpgsql as $$ begin return new; end $$;
create table visit (id int, ward text) partition by list (ward);
create table visit_a partition of visit for values in ('a');
create table visit_b (id int, ward text);
create trigger t before update on visit for each row execute function noted();
create trigger u after update on visit for each row execute function noted();
create trigger t before update on visit_b for each row execute function noted();
create table bill (id int, ward text) partition by list (ward);
create table bill_a partition of bill for values in ('a');
create trigger t before insert on bill for each row execute function noted();
-- new
create function noted() returns trigger language plpgsql as $$ begin return new; end $$;
create table visit (id int, ward text) partition by list (ward);
create table visit_a (id int, ward text);
create table visit_b partition of visit for values in ('b');
create trigger t before update on visit for each row execute function noted();
create trigger u after update on visit for each row execute function noted();
create trigger t before update on visit_a for each row execute function noted();
create trigger u after update on visit_a for each row execute function noted();
alter table visit_a disable trigger u;
create table bill (id int, ward text) partition by list (ward);
create table bill_a partition of bill for values in ('a');
create trigger t before insert on bill_a for each row execute function noted();

-- case: NOT NULL of partitions gets another name while checks and types of their parent change
-- since 18
-- old
create table visit (id int constraint one not null, ward text, note text, check (id > 0), constraint b check (ward <> ''))
  partition by list (ward);
create table visit_a partition of visit for values in ('a');
create table visit_b partition of visit (note not null) for values in ('b');
-- new
create table visit (id text constraint two not null, ward text, note text not null, constraint b check (id <> ''))
  partition by list (ward);
create table visit_a partition of visit for values in ('a');
create table visit_b partition of visit for values in ('b');

-- case: partition comes that lacks the index of the parent alone
-- old
create table a (id int not null, b int) partition by list (b);
create index i3 on only a (b);
-- new
create table a (id int not null, b int) partition by list (b);
create table a1 partition of a for values in (1);
create index i3 on only a (b);

-- case: hash partitions become twice as many, with rows that a foreign key points at
-- old
create table p (a int primary key, b text) partition by hash (a);
create table p0 partition of p for values with (modulus 2, remainder 0);
create table p1 partition of p for values with (modulus 2, remainder 1);
create table f (a int references p on delete cascade);
insert into p select i, 'x' from generate_series(1, 20) i;
insert into f select i from generate_series(1, 20) i;
-- new
create table p (a int primary key, b text) partition by hash (a);
create table p0 partition of p for values with (modulus 4, remainder 0);
create table p1 partition of p for values with (modulus 4, remainder 1);
create table p2 partition of p for values with (modulus 4, remainder 2);
create table p3 partition of p for values with (modulus 4, remainder 3);
create table f (a int references p on delete cascade);

-- case: a range is divided and put together, with rows
-- old
create table p (a int primary key, b text, g int generated always as (a * 2) stored, i int generated always as identity) partition by range (a);
create table p0 partition of p for values from (0) to (100);
create index on p (b);
insert into p select i, 'x' from generate_series(1, 90) i;
-- new
create table p (a int primary key, b text, g int generated always as (a * 2) stored, i int generated always as identity) partition by range (a);
create table p0 partition of p for values from (0) to (50);
create table p1 partition of p for values from (50) to (100);
create index on p (b);

-- case: rows leave the default partition for a new one
-- old
create table p (a int primary key, b text) partition by range (a);
create table p0 partition of p for values from (0) to (50);
create table pd partition of p default;
create table f (a int);
insert into p select i, 'x' from generate_series(1, 190) i;
insert into f select i from generate_series(1, 190) i;
-- new
create table p (a int primary key, b text) partition by range (a);
create table p0 partition of p for values from (0) to (60);
create table p1 partition of p for values from (60) to (100);
create table pd partition of p default;
create table f (a int);

-- case: values move from one list to another, and to the default partition
-- old
create table p (a int, k text) partition by list (k);
create table pa partition of p for values in ('a', 'b', null);
create table pb partition of p for values in ('c');
create table pd partition of p default;
insert into p values (1, 'a'), (2, 'b'), (3, 'c'), (4, null), (5, 'z');
-- new
create table p (a int, k text) partition by list (k);
create table pa partition of p for values in ('a');
create table pb partition of p for values in ('b', null);
create table pd partition of p default;

-- case: two partitions trade their bounds
-- old
create table p (a timestamptz, k text) partition by range (a);
create table pa partition of p for values from ('2024-01-01') to ('2024-02-01');
create table pb partition of p for values from ('2024-02-01') to ('2024-03-01');
insert into p values ('2024-01-15', 'a'), ('2024-02-15', 'b');
-- new
create table p (a timestamptz, k text) partition by range (a);
create table pb partition of p for values from ('2024-01-01') to ('2024-02-01');
create table pa partition of p for values from ('2024-02-01') to ('2024-03-01');

-- case: bounds over two columns move
-- old
create table p (a text, n int, k text) partition by range (a, n);
create table pa partition of p for values from ('a', minvalue) to ('m', 5);
create table pb partition of p for values from ('m', 5) to ('z', maxvalue);
insert into p values ('b', 1, 'a'), ('l', 7, 'b'), ('m', 4, 'c'), ('m', 6, 'd'), ('q', 1, 'e');
-- new
create table p (a text, n int, k text) partition by range (a, n);
create table pa partition of p for values from ('a', minvalue) to ('k', 5);
create table pb partition of p for values from ('k', 5) to ('z', maxvalue);

-- case: a divided partition gives rows to a new one
-- old
create table p (a int, b int) partition by range (a);
create table p0 partition of p for values from (0) to (100) partition by list (b);
create table p0a partition of p0 for values in (1);
create table p0b partition of p0 default;
insert into p select i, i % 3 from generate_series(1, 90) i;
-- new
create table p (a int, b int) partition by range (a);
create table p0 partition of p for values from (0) to (50) partition by list (b);
create table p0a partition of p0 for values in (1);
create table p0b partition of p0 default;
create table p1 partition of p for values from (50) to (100) partition by list (b);
create table p1a partition of p1 for values in (1, 2);
create table p1b partition of p1 default;

-- case: the default partition gets a bound, and another one is it
-- old
create table p (a int, b int) partition by list (a);
create table pd partition of p default;
insert into p values (1, 1), (2, 2), (null, 3);
-- new
create table p (a int, b int) partition by list (a);
create table pd partition of p for values in (1);
create table pe partition of p default;

-- case: a range is divided while a foreign key points at it and columns change
-- old
create table p (id int, d date, primary key (id, d)) partition by range (d);
create table p1 partition of p for values from ('2024-01-01') to ('2024-07-01');
create table p2 partition of p for values from ('2024-07-01') to ('2025-01-01');
create table c (id int primary key, p_id int, p_d date, foreign key (p_id, p_d) references p on delete cascade);
insert into p values (1, '2024-03-03'), (2, '2024-08-08'); insert into c values (1, 1, '2024-03-03'), (2, 2, '2024-08-08');
-- new
create table p (id bigint, d date, n text, primary key (id, d)) partition by range (d);
create table p1 partition of p for values from ('2024-01-01') to ('2024-04-01');
create table p15 partition of p for values from ('2024-04-01') to ('2024-07-01');
create table p2 partition of p for values from ('2024-07-01') to ('2025-01-01');
create table c (id int primary key, p_id bigint, p_d date, foreign key (p_id, p_d) references p on delete cascade);

-- case: a key column of a partitioned table with foreign keys to and from it gets another type
-- since 17
-- old
create table c (id int primary key);
create table p (id int generated always as identity, k int references c, s serial, primary key (id, k)) partition by list (k);
create table p1 partition of p for values in (1);
insert into c values (1); insert into p (k) values (1), (1);
-- new
create table c (id bigint primary key);
create table p (id bigint generated always as identity, k bigint references c on delete cascade, s bigserial, n text not null default 'x', primary key (id, k)) partition by list (k);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2);
create table r (id bigint, k bigint, foreign key (id, k) references p);

-- case: partition takes another's place and lacks an index and a key of the parent alone
-- old
create table a (id int not null, b int) partition by list (b);
create table a1 partition of a for values in (1);
create index i3 on only a (b);
alter table only a add constraint k unique (b, id);
-- new
create table a (id int not null, b int) partition by list (b);
create table a2 partition of a default;
create index i3 on only a (b);
alter table only a add constraint k unique (b, id);

-- case: the bounds of partitions change while rows point at them
-- old
create table visit (id int primary key) partition by range (id);
create table visit_0 partition of visit for values from (0) to (10);
create table visit_1 partition of visit for values from (10) to (20);
insert into visit values (1), (11);
create table bill (visit int references visit);
insert into bill values (1), (11);
create table note (kind int, visit int references visit) partition by list (kind);
create table note_1 partition of note for values in (1);
-- new
create table visit (id int primary key) partition by range (id);
create table visit_0 partition of visit for values from (0) to (10);
create table visit_1 partition of visit for values from (10) to (30);
create table bill (visit int references visit);
create table note (kind int, visit int references visit) partition by list (kind);
create table note_1 partition of note for values in (1);

-- case: fewer partitions by hash
-- old
create table visit (id int) partition by hash (id);
create table visit_0 partition of visit for values with (modulus 3, remainder 0);
create table visit_1 partition of visit for values with (modulus 3, remainder 1);
create table visit_2 partition of visit for values with (modulus 3, remainder 2);
-- new
create table visit (id int) partition by hash (id);
create table visit_0 partition of visit for values with (modulus 2, remainder 0);
create table visit_1 partition of visit for values with (modulus 2, remainder 1);

-- case: a partitioned table of a type that loses an attribute
-- old
create type visited as (id bigint, ward varchar(20), day date);
create table visit of visited partition by list (ward);
create table visit_a partition of visit for values in ('a');
-- new
create type visited as (id int, ward text);
create table visit of visited partition by list (ward);
create table visit_a partition of visit for values in ('a');

-- case: a column that comes from two parents gets another type at both
-- old
create table person (id int, name text);
create table payer (id int, account text);
create table patient (ward text) inherits (person, payer);
create table inpatient () inherits (patient);
insert into inpatient values (1, 'a', 'b', 'c');
create view names as select id, name from patient;
-- new
create table person (id bigint, name text);
create table payer (id bigint, account text);
create table patient (ward text) inherits (person, payer);
create table inpatient () inherits (patient);
create view names as select id, name from patient;

-- case: a check of a partition becomes its parent's, and the other way round
-- old
create table f (a int, k int, constraint c2 check (k < 100)) partition by list (a);
create table f1 partition of f for values in (1);
create table f2 partition of f for values in (2);
alter table f1 add constraint c1 check (k > 0);
insert into f values (1, 1), (2, 1);
-- new
create table f (a int, k int, constraint c1 check (k > 0)) partition by list (a);
create table f1 partition of f for values in (1);
create table f2 partition of f for values in (2);
alter table f1 add constraint c2 check (k < 100);

-- case: a foreign key of a partition becomes its parent's
-- old
create table k (id int primary key);
create table f (a int, k int) partition by list (a);
create table f1 partition of f for values in (1);
create table f2 partition of f for values in (2);
alter table f1 add constraint fk1 foreign key (k) references k;
insert into k values (1); insert into f values (1, 1), (2, 1);
-- new
create table k (id int primary key);
create table f (a int, k int, constraint fk1 foreign key (k) references k on delete cascade) partition by list (a);
create table f1 partition of f for values in (1);
create table f2 partition of f for values in (2);

-- case: partitions of partitions get a key, an index, a check and a trigger while the key in between gets another type
-- old
create table k (id int primary key);
create table p (a int, b int, c int) partition by list (a);
create table p1 partition of p for values in (1) partition by list (b);
create table p11 partition of p1 for values in (1) partition by list (c);
create table p111 partition of p11 for values in (1);
create table p11d partition of p11 default;
create function tf() returns trigger language plpgsql as 'begin return new; end';
insert into k values (1); insert into p values (1, 1, 1), (1, 1, 2);
-- new
create table k (id int primary key);
create table p (a int not null, b bigint, c int, d int default 4, primary key (a, b, c), check (a > 0), foreign key (a) references k) partition by list (a);
create table p1 partition of p for values in (1) partition by list (b);
create table p11 partition of p1 for values in (1) partition by list (c);
create table p111 partition of p11 for values in (1);
create table p11d partition of p11 default;
create function tf() returns trigger language plpgsql as 'begin return new; end';
create index on p (b);
create trigger tr after insert on p for each row execute function tf();

-- case: a column gets another type below the index that identifies a partition's rows
-- old
create table p (a int not null, b int not null) partition by list (a);
create table p1 partition of p for values in (1);
create unique index pu on p (a, b);
alter table p1 replica identity using index p1_a_b_idx;
-- new
create table p (a int not null, b bigint not null) partition by list (a);
create table p1 partition of p for values in (1);
create unique index pu on p (a, b);
alter table p1 replica identity using index p1_a_b_idx;
alter table p1 cluster on p1_a_b_idx;

-- case: the default partition takes a bound that another gives up
-- old
create table p (a int, b int) partition by list (a);
create table pa partition of p for values in (1, 2);
create table pd partition of p default;
insert into p values (1, 1), (2, 2), (3, 3);
-- new
create table p (a int, b int) partition by list (a);
create table pa partition of p for values in (1);
create table pd partition of p for values in (2, 3);

-- case: partitions leave with their rows, some of which point at others
-- since 15
-- old
create table bed (id int, ward int, primary key (id, ward)) partition by list (ward);
create table bed_1 partition of bed for values in (1);
create table stay (id int, ward int, foreign key (id, ward) references bed) partition by list (ward);
create table stay_1 partition of stay for values in (1);
insert into bed values (7, 1);
insert into stay values (7, 1);
-- new
create table bed (id int, ward int, primary key (id, ward)) partition by list (ward);
create table bed_1 (id int not null, ward int not null, primary key (id, ward));
create table stay (id int, ward int, foreign key (id, ward) references bed) partition by list (ward);
create table stay_1 (id int, ward int);

-- case: partitions go and the default one takes their rows, under a foreign key that would delete with them
-- old
create table ward (code text primary key);
create table visit (id int, ward text references ward, made int generated always as (id * 2) stored, primary key (id, ward))
  partition by list (ward);
create table visit_a partition of visit for values in ('a');
create table visit_b partition of visit for values in ('b', 'c') partition by list (ward);
create table visit_bb partition of visit_b for values in ('b');
create table visit_bc partition of visit_b default;
create table visit_d partition of visit default;
create table bill (visit int, ward text, foreign key (visit, ward) references visit (id, ward) on delete cascade);
insert into ward values ('a'), ('b'), ('c'), ('e');
insert into visit values (1, 'a'), (2, 'b'), (3, 'c'), (4, 'e');
insert into bill values (1, 'a'), (2, 'b'), (3, 'c');
-- new
create table ward (code text primary key);
create table visit (id int, ward text references ward, made int generated always as (id * 2) stored, note text, primary key (id, ward))
  partition by list (ward);
create table visit_d partition of visit default;
create table bill (visit int, ward text, foreign key (visit, ward) references visit (id, ward) on delete cascade);
