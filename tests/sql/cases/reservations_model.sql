-- Random commands against a small model of the rules, step by step: who holds and who waits must be the same, and no path
-- may ever have two exclusive holders. The seed is fixed; set `model.seed` and `model.steps` to look elsewhere.
begin;
set search_path = tap, public;
select plan(6);
select scene();
create temp table universe as
    select p as path from unnest('{a,b,a/a,a/b,b/a,b/b,a/a/a,a/a/b,a/b/a,b/a/a,b/a/b,b/b/b}'::text[]) p;
create temp table covers as   -- what each pattern covers, written down by a plain regular expression
    select x.pattern, u.path from (values
        ('a', '^a$'), ('b/a', '^b/a$'), ('a/a/b', '^a/a/b$'), ('a/**', '^a(/.*)?$'), ('b/**', '^b(/.*)?$'), ('**', '.'),
        ('*/a', '^[^/]*/a$'), ('**/b', '^(.*/)?b$'), ('a/*/a', '^a/[^/]*/a$'), ('b/?', '^b/[^/]$')) x(pattern, re)
      join universe u on u.path ~ x.re;
create temp table held (id text primary key, holder text, patterns text[], exclusive boolean, lapsed boolean, token bigint);
create temp table line (n serial, id text primary key, holder text, patterns text[], exclusive boolean);
create temp table seen (what text, n int);
create temp table wrong (step int, what text, model text[], real text[]);

create function pg_temp.share(a text[], b text[]) returns boolean language sql as $$
    select exists (select from covers c join covers d using (path) where c.pattern = any(a) and d.pattern = any(b))
$$;
-- Others in the way of a request at place n of the line.
create function pg_temp.blockers(me text, mine text[], mode boolean, place int) returns text[] language sql as $$
    select coalesce(array_agg(distinct x.holder), '{}') from (
        select h.holder from held h where not h.lapsed and h.holder <> me and (mode or h.exclusive) and pg_temp.share(h.patterns, mine)
        union all
        select l.holder from line l where l.n < place and l.holder <> me and (mode or l.exclusive) and pg_temp.share(l.patterns, mine)) x
$$;
create function pg_temp.take(me text, mine text[], mode boolean, id text) returns void language sql as $$
    delete from held h where h.lapsed and h.holder <> me and (mode or h.exclusive) and pg_temp.share(h.patterns, mine);
    insert into held values (id, me, mine, mode, false, 0);
$$;
-- Who waits for something of what was given back is looked at; null: everyone.
create function pg_temp.let_in(freed text[]) returns void language plpgsql as $$
declare l record;
begin
    for l in select * from line where freed is null or pg_temp.share(patterns, freed) order by n loop
        if pg_temp.blockers(l.holder, l.patterns, l.exclusive, l.n) = '{}' then
            delete from line where id = l.id;
            perform pg_temp.take(l.holder, l.patterns, l.exclusive, l.id);
        end if;
    end loop;
end $$;
create function pg_temp.circle(me text) returns boolean language sql as $$
    with recursive reach as (
        select b as who from line l, unnest(pg_temp.blockers(l.holder, l.patterns, l.exclusive, l.n)) b where l.holder = me
        union
        select b from reach r join line l on l.holder = r.who, unnest(pg_temp.blockers(l.holder, l.patterns, l.exclusive, l.n)) b)
    select me in (select who from reach)
$$;
-- What the model expects of a request: granted, extended, held, waiting or deadlock; it is carried out.
create function pg_temp.expect_reserve(me text, mine text[], mode boolean, waits boolean, id text) returns text language plpgsql as $$
declare own held;
begin
    select * into own from held h where h.holder = me and h.exclusive = mode and h.patterns @> mine and h.patterns <@ mine;
    if own.lapsed then   -- who waited for some of it has had it since it lapsed
        perform pg_temp.let_in(own.patterns);
        select * into own from held h where h.id = own.id;
    end if;
    if own.id is not null then
        update held h set lapsed = false where h.id = own.id;
        return 'extended';
    end if;
    if pg_temp.blockers(me, mine, mode, 2147483647) = '{}' then
        perform pg_temp.take(me, mine, mode, expect_reserve.id);
        return 'granted';
    elsif not waits then
        return 'held';
    end if;
    insert into line (id, holder, patterns, exclusive) values (expect_reserve.id, me, mine, mode);
    if pg_temp.circle(me) then
        delete from line l where l.id = expect_reserve.id;
        return 'deadlock';
    end if;
    return 'waiting';
end $$;

do $$
declare
    seed float := coalesce(current_setting('model.seed', true)::float, 0.4711);
    steps int := coalesce(current_setting('model.steps', true)::int, 1200);
    step int;
    dice float;
    who text;
    mine text[];
    mode boolean;
    expected text;
    found text;
    rid text;
    one record;
    r record;
    was int;
begin
    perform setseed(seed);
    for step in 1 .. steps loop
        dice := random();
        who := (array['p1', 'p2', 'p3', 'p4', 'p5'])[1 + floor(random() * 5)];
        expected := null;
        if dice < 0.5 then
            mine := array(select pattern from (select distinct pattern from covers) c order by md5(pattern || random()) limit 1 + floor(random() * 2)::int);
            mode := random() < 0.7;
            rid := fleet.new_id('rsv');
            expected := pg_temp.expect_reserve(who, mine, mode, dice < 0.3, rid);
            select coalesce(a.code, case when a.result ->> 'extended' = 'true' then 'extended' else a.result ->> 'outcome' end) into found
              from fleet.act(jsonb_build_array(want(who, mine, jsonb_build_object('reservation_id', rid, 'mode', case when mode then 'exclusive' else 'shared' end,
                   'wait_seconds', case when dice < 0.3 then 3600 else 0 end)))) a;
            found := replace(found, 'reservation_held', 'held');
        elsif dice < 0.75 then   -- give something back
            select h.* into one from held h order by md5(h.id || random()) limit 1;
            continue when one.id is null;
            delete from held h where h.id = one.id;
            perform pg_temp.let_in(one.patterns);
            expected := 'ok';
            select coalesce(a.code, 'ok') into found from fleet.act(jsonb_build_array(give_back(one.id))) a;
        elsif dice < 0.85 then   -- time passes for one of them
            select h.* into one from held h where not h.lapsed order by md5(h.id || random()) limit 1;
            continue when one.id is null;
            update held h set lapsed = true where h.id = one.id;
            update fleet_state.reservations y set expires_at = now() - interval '1 day', extended_at = now() - interval '1 day' where y.reservation_id = one.id;
            if random() < 0.5 then
                perform pg_temp.let_in(null);
                perform fleet.act('[{"op": "grant_waiters", "project": "demo", "actor": "system"}]');
            end if;
            expected := 'lapse'; found := 'lapse';
        elsif dice < 0.93 then   -- somebody gives up
            select l.* into one from line l order by md5(l.id || random()) limit 1;
            continue when one.id is null;
            delete from line l where l.id = one.id;
            perform pg_temp.let_in(one.patterns);
            expected := 'true';
            select a.result ->> 'ended' into found
              from fleet.act(jsonb_build_array(ask('end_wait', jsonb_build_object('reservation_id', one.id), jsonb_build_object('actor', one.holder)))) a;
        else
            select array_agg(p) into mine from (select patterns from held where holder = who union all select patterns from line where holder = who) x, unnest(x.patterns) p;
            delete from held h where h.holder = who;
            delete from line l where l.holder = who;
            perform pg_temp.let_in(coalesce(mine, '{}'));
            expected := 'ok';
            select coalesce(a.code, 'ok') into found from fleet.act(jsonb_build_array(ask('release_all', '{}', jsonb_build_object('actor', who)))) a;
        end if;
        insert into seen values (expected, step);
        if found is distinct from expected then
            insert into wrong values (step, 'answer', array[expected], array[found]);
        end if;
        -- The same holders and the same line.
        select array(select h.id || case when h.lapsed then ' lapsed' else '' end from held h order by 1) as model,
               array(select x.reservation_id || case when x.expires_at < now() then ' lapsed' else '' end from fleet_state.reservations x where x.state = 'active' order by 1) as real into r;
        if r.model <> r.real then
            insert into wrong values (step, 'holders', r.model, r.real);
        end if;
        select array(select l.id from line l order by 1) as model,
               array(select x.reservation_id from fleet_state.reservation_requests x where x.state = 'waiting' order by 1) as real into r;
        if r.model <> r.real then
            insert into wrong values (step, 'line', r.model, r.real);
        end if;
        -- No path with two holders, unless both share it, one has lapsed, or they are one pilot.
        insert into wrong
        select step, 'two holders', array[a.reservation_id, b.reservation_id], array[c.path]
          from fleet_state.reservations a join fleet_state.reservations b on a.reservation_id < b.reservation_id and a.holder <> b.holder
          join covers c on c.pattern = any(a.patterns) join covers d on d.pattern = any(b.patterns) and d.path = c.path
         where a.state = 'active' and b.state = 'active' and 'exclusive' in (a.mode, b.mode) limit 1;
        exit when exists (select from wrong);
    end loop;
end $$;

select is((select array_agg(format('step %s %s: expected %s, found %s', step, what, model, real)) from wrong), null, 'the database does what the model says');
select cmp_ok((select count(*) from seen where what in ('granted', 'extended')), '>=', 150::bigint, 'many requests were granted');
select cmp_ok((select count(*) from seen where what = 'held'), '>=', 50::bigint, 'many were refused');
select cmp_ok((select count(*) from seen where what = 'waiting'), '>=', 50::bigint, 'many waited');
select cmp_ok((select count(*) from seen where what = 'deadlock'), '>=', 10::bigint, 'some would have closed a circle');
select cmp_ok((select count(*) from fleet.events where type = 'file_released' and data ->> 'cause' = 'expired'), '>=', 10::bigint, 'some lapsed ones were displaced');
select * from finish();
rollback;
