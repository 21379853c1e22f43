-- What the views for people show of a shop in the middle of its work, and that they keep within a terminal.
begin;
\ir ../scene_shop.sql
set search_path = tap, public;
select no_plan();
select open_shop();

-- Rows as text: (a,b,c).
create function pg_temp.shown(query text) returns setof text language plpgsql as $$
begin
    return query execute 'select x::text from (' || query || ') x';
end $$;

select is(array(select pg_temp.shown('select project, state, missions, work, ready, stuck, pilots, stale, waits, orders, dead, unread from fleet.overview')),
    array['(shop,active,2,1,2,1,4,1,1,3,1,3)'], 'the overview counts a project in a line');
select is(array(select pg_temp.shown('select mission, status, progress, done, now from fleet.board')), array[
    '("Checkout with invoices",in_progress,"██░░░░░░░░  28 %",1/6,"1 at work, 1 blocked, 2 ready")',
    '("Dark mode",pending,"░░░░░░░░░░   0 %",0/1,"")',
    '("Faster search",completed,"██████████ 100 %",1/1,"")'], 'the board draws missions as bars, those under way first');
select is(array(select pg_temp.shown('select kind, who, waits_for, what from fleet.stuck order by kind, who')), array[
    '(ack,raven-1,viper-1,"Rounding of totals")',
    '(blocked,raven-1,ada,"Card payment: which provider, and…")',
    '(dead,ada,,"deploy: no credentials for the re…")',
    '(files,raven-1,viper-1,src/cart/total.ts)',
    '(halt,"Dark mode",ada,"mission: the design is not agreed")',
    '("no pilot",,"role designer","Invoice as PDF")',
    '(stale,heron-1,,opencode)'], 'what stands in the way is named, with whom it waits for');

-- A line an event.
create function pg_temp.line(type text) returns text language sql as $$
    select string_agg(distinct regexp_replace(l.says, '\d\d:\d\d:\d\d|\d\d:\d\d…', '00:00…'), ' | ') from fleet.log l where l.type = line.type
$$;
select is(pg_temp.line(type), says, 'the log says ' || type) from (values
    ('mission_created', '“Checkout with invoices”, high | “Dark mode”, low | “Faster search”, medium'),
    ('sortie_progress', '“Guide for invoices” 30 % | “Invoice endpoints” 40 %: list and sho… | “Tables for invoices” 60 %: tables mad…'),
    ('sortie_blocked', '“Card payment” by clarification: which…'),
    ('sortie_failed', '“Guide for invoices”: build: the link…'),
    ('sortie_requeued', '“Guide for invoices”: pilot_lost, atte… | “Guide for invoices”: retry, attempt 2'),
    ('sortie_scope_violated', '“Tables for invoices”: README.md not r…'),
    ('review_completed', '“Search index” approved: nice'),
    ('file_wait_started', 'raven-1: src/cart/total.ts until 00:00…'),
    ('file_conflict', 'src/cart/tax.ts refused: viper-1 in th… | src/cart/total.ts waited: viper-1 in t…'),
    ('message_sent', '“Re: The new tables” to viper-1, normal | “Rounding of totals” to viper-1, high | “Screenshots” to heron-1, normal | “The new tables” to falcon-1, normal'),
    ('work_order_failed', 'deploy, attempt 1: denied: no credenti…'),
    ('fleet_resumed', 'project: released'), ('usage_recorded', 'raven-1: gpt-5, 60000 tokens in, 9000… | viper-1: opus, 120000 tokens in, 8500… | viper-1: opus, 80000 tokens in, 4000 o…')
    ) t(type, says);
select is((select count(*) from fleet.log where says like '%–%' or says like '%{%' or says is null), 0::bigint, 'no line lacks a word');
select is((select array_agg(distinct says) from fleet.log where says like '%?%' and type <> 'sortie_blocked'), null, 'nor a name');

select is(array(select pg_temp.shown('select pattern, holder, mode, status from fleet.held_files order by pattern')),
    '{"(src/api/**,viper-1,exclusive,active)","(src/cart/**,viper-1,exclusive,active)"}', 'held files, a row a pattern');
select is(array(select pg_temp.shown('select place, pilot, patterns, waits_for from fleet.waiting')),
    '{"(1,raven-1,src/cart/total.ts,viper-1)"}', 'who waits for whom');
select is(array(select pg_temp.shown('select what, name, state from fleet.stale')), '{"(pilot,heron-1,stale)"}', 'who is silent');
select is(array(select pg_temp.shown('select pilot, model, calls, input_tokens, output_tokens, cost from fleet.usage')),
    '{"(raven-1,gpt-5,1,60000,9000,0.7000)","(viper-1,opus,2,200000,12500,3.9000)"}', 'usage is summed');
select is((select value from fleet.bus where what = 'cursor shop ci'), 5::numeric, 'the bus says how far a consumer is behind');
select is((select sum(events) from fleet.timeline where project = 'shop'), (select count(*)::numeric from fleet.events where project = 'shop'),
          'the timeline has every event of the day');
select is((select array_agg(v.name) from unnest(array['events', 'projects', 'hosts', 'pilots', 'messages', 'message_recipients', 'threads',
              'reservations', 'missions', 'sorties', 'sortie_dependencies', 'work_orders', 'cursors', 'usage', 'overview', 'board',
              'ready', 'held_files', 'waiting', 'inbox_unread', 'stale', 'timeline', 'log', 'hosts_alive', 'bus', 'halts']) v(name)
            where to_regclass('fleet.' || v.name) is null), null, 'every view of this release is there');

-- Who may only read sees all of it: the functions behind the views included.
create function pg_temp.reads(name text) returns text language plpgsql as $$
begin
    set local role fleet_reader;
    execute format('select count(v::text) from fleet.%I v', name);
    reset role;
    return null;
exception when others then return sqlerrm;
end $$;
select is(pg_temp.reads(c.relname), null, 'a reader reads fleet.' || c.relname)
  from pg_class c where c.relnamespace = 'fleet'::regnamespace and c.relkind = 'v' order by c.relname;

-- Long words are cut: nothing is wider than a terminal of 120 columns, heads and separators counted.
select shop('register_pilot', 'p', jsonb_build_object('callsign', 'p' || repeat('x', 62), 'program', repeat('g', 100), 'model', repeat('m', 100)));
select shop('reserve', 'p' || repeat('x', 62), jsonb_build_object('patterns', jsonb_build_array(repeat('d/', 15) || repeat('f', 200))));
select shop('reserve', 'viper-1', jsonb_build_object('patterns', jsonb_build_array(repeat('d/', 15) || '**'), 'wait_seconds', 86400));
select shop('create_mission', 'p' || repeat('x', 62), jsonb_build_object('title', repeat('Long title ', 18), 'deadline', '2126-01-01T00:00:00.000Z'));
update fleet_state.missions set deadline = now() - interval '1 hour' where title like 'Long%';
select is((select now from fleet.board where mission like 'Long%'), 'LATE', 'a mission past its deadline says so');
select shop('send_message', 'p' || repeat('x', 62), jsonb_build_object('to', jsonb_build_array('falcon-1'), 'subject', repeat('Long ', 40),
    'body', repeat('Long ', 2000), 'ack_required', true));
select shop('enqueue', 'p' || repeat('x', 62), jsonb_build_object('kind', repeat('k', 60)));
select shop('append', 'p' || repeat('x', 62), jsonb_build_object('events', jsonb_build_array(jsonb_build_object('type', 'usage_recorded', 'data',
    jsonb_build_object('pilot', 'p' || repeat('x', 62), 'model', repeat('m', 100), 'input_tokens', 900000000, 'output_tokens', 900000000,
                       'cost_micros', 900000000000, 'source', 's')))));
select fleet.act('[{"op": "host_join", "args": {"host_id": "host_01m7y4xbh5t2qgekpjg6t2qgek", "hostname": "h1.example.org.with-a-very-long-name.example",
    "version": "1.22.333-alpha+4444444", "pid": 4194304, "lease_seconds": 30}}]');
select fleet.act(jsonb_build_array(jsonb_build_object('op', 'register_project', 'args', jsonb_build_object('key', 'github.com/acme/' || repeat('k', 80)))));
create function pg_temp.width(name text) returns int language plpgsql as $$
declare
    width int := -1;
    attribute text;
    widest int;
begin
    for attribute in select a.attname from pg_attribute a where a.attrelid = ('fleet.' || name)::regclass and a.attnum > 0 loop
        execute format('select coalesce(max(length(%I::text)), 0) from fleet.%I', attribute, name) into widest;
        width := width + greatest(widest, length(attribute)) + 3;
    end loop;
    return width;
end $$;
select cmp_ok(pg_temp.width(v), '<=', 120, 'fleet.' || v || ' fits a terminal')
  from unnest(array['overview', 'board', 'stuck', 'log', 'timeline', 'held_files', 'waiting', 'stale', 'hosts_alive', 'bus', 'usage', 'ready', 'inbox_unread']) v;
select * from finish();
rollback;
