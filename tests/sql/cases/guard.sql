-- The question of a commit and of a push: whose are these files, now and when they were committed?
begin;
set search_path = tap, public;
select no_plan();
select scene();
create function pg_temp.ask(who text, variadic files jsonb[]) returns jsonb language sql as $$
    select item::jsonb from fleet.guard_files(jsonb_build_object('project', 'demo', 'callsign', who, 'files', to_jsonb(files))) $$;
create function pg_temp.file(path text) returns jsonb language sql as $$ select jsonb_build_object('path', path) $$;
create function pg_temp.says(who text, path text) returns text language sql as $$
    select coalesce(string_agg(concat_ws(' ', i ->> 'problem', i ->> 'holder'), ','), 'ok')
      from jsonb_array_elements(pg_temp.ask(who, pg_temp.file(path)) -> 'items') i $$;
create function pg_temp.pushed(who text, path text, variadic ages interval[]) returns text language sql as $$
    select coalesce(string_agg(i ->> 'problem', ','), 'ok') from jsonb_array_elements(pg_temp.ask(who, jsonb_build_object('path', path, 'times',
        (select jsonb_agg(jsonb_build_array(floor(extract(epoch from clock_timestamp() - a))::bigint, 1)) from unnest(ages) a))) -> 'items') i $$;
select must('demo', 'reserve', 'viper-1', '{"patterns": ["src/**", "a?b.c", "docs/*.md"], "purpose": "edit", "reason": "parser", "ttl_seconds": 600}');
select must('demo', 'reserve', 'raven-1', '{"patterns": ["lib/x.c"]}');

select is(pg_temp.says('viper-1', 'src/deep/a.c'), 'ok', 'the holder commits');
select is(pg_temp.says('raven-1', 'src/deep/a.c'), 'held viper-1', 'another does not');
select is(pg_temp.says(null, 'src/deep/a.c'), 'held viper-1', 'nor does a person');
select is(pg_temp.says('raven-1', 'free.c'), 'not_held', 'a pilot commits what it holds');
select is(pg_temp.says(null, 'free.c'), 'ok', 'a person what is free');
select is(pg_temp.says('', 'free.c'), 'ok', 'no callsign is no pilot');
select is(pg_temp.says('nobody', 'free.c'), 'not_held', 'a pilot that is not registered holds nothing');
select is(pg_temp.says('viper-1', 'docs/a.md') || pg_temp.says('viper-1', 'docs/sub/a.md'), 'oknot_held', 'globs mean what they say');
select is(pg_temp.says('viper-1', 'a*b.c'), 'ok', 'a star in a name is a letter like any other');
select is(pg_temp.says('viper-1', 'a**b.c'), 'not_held', 'two of them are two');
select is(pg_temp.says('raven-1', 'src'), 'held viper-1', 'the place of a tree is part of it');
select is(pg_temp.says('raven-1', E'src/new\nline "q" \t%_\\.c'), 'held viper-1', 'whatever a name holds');
select is(pg_temp.says('raven-1', E'src/e\u0301.c'), 'held viper-1', 'letters in two parts as well');
select is(pg_temp.ask('raven-1', pg_temp.file('lib/x.c'), pg_temp.file('src/a.c'), pg_temp.file('free.c')) - 'items', '{"ok": false, "known": true, "checked": 3}', 'of several');
select is((select array_agg(i ->> 'path') from jsonb_array_elements(pg_temp.ask('raven-1', pg_temp.file('lib/x.c'), pg_temp.file('src/a.c'),
    pg_temp.file('free.c')) -> 'items') i), '{src/a.c,free.c}', 'only what may not be is told, in order');
select is((pg_temp.ask('raven-1', pg_temp.file('src/a.c')) #> '{items,0}') - '{reservation_id,expires_at}'::text[],
    '{"path": "src/a.c", "problem": "held", "holder": "viper-1", "pattern": "src/**", "mode": "exclusive", "purpose": "edit", "reason": "parser"}', 'with whom to ask');

-- Shared, lapsed, waiting.
select must('demo', 'reserve', 'viper-1', '{"patterns": ["both/**"], "mode": "shared"}');
select is(pg_temp.says('raven-1', 'both/a'), 'held viper-1', 'what others share is theirs');
select must('demo', 'reserve', 'raven-1', '{"patterns": ["both/a"], "mode": "shared"}');
select is(pg_temp.says('raven-1', 'both/a') || pg_temp.says('raven-1', 'both/b'), 'okheld viper-1', 'until one shares it');
select must('demo', 'reserve', 'raven-1', '{"patterns": ["src/a.c"], "wait_seconds": 600}');
select is(pg_temp.says('raven-1', 'src/a.c') || pg_temp.says('viper-1', 'src/a.c'), 'held viper-1ok', 'waiting is not holding');
update fleet_state.reservations set expires_at = now() - interval '1h', extended_at = now() - interval '9h' where patterns @> '{src/**}';
update fleet_live.pilots set seen_at = now() - interval '9h' where callsign = 'viper-1';
select is(pg_temp.says('raven-1', 'src/a.c') || pg_temp.says('viper-1', 'src/a.c') || pg_temp.says(null, 'src/a.c'), 'not_heldnot_heldok', 'what has lapsed is nobody''s');

-- A push: what was held when it was committed.
update fleet_state.reservations set reserved_at = now() - interval '3h', state = 'released', ended_at = now() - interval '2h' where patterns @> '{src/**}';
select is(pg_temp.pushed('raven-1', 'src/a.c', '150 min'), 'ok', 'held by somebody when it was written');
select is(pg_temp.pushed('raven-1', 'src/a.c', '150 min', '1h'), 'never_held', 'but not the other commit');
select is(pg_temp.pushed('raven-1', 'src/a.c', '119 min 30 s'), 'ok', 'clocks may differ a little');
select is(pg_temp.pushed('raven-1', 'src/a.c', '118 min'), 'never_held', 'but not much');
select is(pg_temp.pushed('raven-1', 'lib/x.c', '10h'), 'ok', 'what is held now needs no past');
select is(pg_temp.pushed(null, 'free.c', '1h'), 'ok', 'a person pushes what is free');
select is(pg_temp.pushed('raven-1', 'both/b', '0'), 'held', 'what another holds now is not pushed');
select is(pg_temp.ask('raven-1', '{"path": "elsewhere/x", "times": []}') ->> 'ok', 'true', 'no commit, no question');
-- However many files of however many commits: what was held is read once.
select must('demo', 'reserve', 'raven-1', jsonb_build_object('patterns', jsonb_build_array('past/' || n || '.c'))) from generate_series(1, 30) n;
update fleet_state.reservations set state = 'released', ended_at = now() where patterns[1] like 'past/%';
create function pg_temp.read() returns bigint language sql as $$
    select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relid = 'fleet_state.reservations'::regclass $$;
create temp table reads as select pg_temp.read() as n;
select is(jsonb_array_length(item::jsonb -> 'items'), 0, 'thirty files of three commits each') from fleet.guard_files(jsonb_build_object('project', 'demo', 'callsign', 'raven-1',
    'files', (select jsonb_agg(jsonb_build_object('path', 'past/' || n || '.c', 'times', (select jsonb_agg(jsonb_build_array(
        floor(extract(epoch from clock_timestamp()))::bigint - s)) from generate_series(0, 2) s))) from generate_series(1, 30) n)));
select cmp_ok(pg_temp.read() - n, '<=', 3 * (select count(*) from fleet_state.reservations), 'cost a look or two at each reservation') from reads;
select act('[{"op": "register_project", "args": {"key": "docs"}}]');
select is((select item::jsonb ->> 'ok' from fleet.guard_files('{"project": "docs", "callsign": "viper-1", "files": [{"path": "src/a.c"}]}')), 'false', 'another project is another question');
select is((select item::jsonb from fleet.guard_files('{"project": "none", "callsign": "viper-1", "files": [{"path": "src/a.c"}]}')),
    '{"ok": true, "known": false, "items": [], "checked": 0}', 'what is no project asks nothing');
select throws_like(format('select fleet.guard_files(%L)', jsonb_build_object('project', 'demo', 'files', jsonb_build_array(
    '{"path": "a"}'::jsonb, jsonb_build_object('path', 'b', 'times', bad)))), '%list of whole seconds since 1970%', 'no times: ' || bad::text)
  from unnest(array['1', '"now"', '[1]', '[["now"]]', '[[1.5]]', '[[-1]]', '[[1e30]]', '[[[1]]]', '{}', 'null']::jsonb[]) bad;
select * from finish();
rollback;
