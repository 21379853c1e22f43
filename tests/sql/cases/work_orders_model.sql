-- Random commands against a small model of the queue, step by step: who gets which order, and how each stands, must be the
-- same. The seed is fixed; set `model.seed` and `model.steps` to look elsewhere.
begin;
set search_path = tap, public;
select plan(7);
select scene();
select act(jsonb_build_array(ask('register_pilot', '{"callsign": "coder-1", "program": "p", "model": "m", "role": "coder"}'), ask('register_pilot', '{"callsign": "judge-1", "program": "p", "model": "m", "role": "judge"}'),
    ask('register_project', '{"key": "other"}', '{"project": "other"}')));
create temp table m (n serial, id text primary key, project text, kind text, role text, rank int, place timestamptz, state text, attempts int, most int, lost int, claimer text, token bigint, needs text[]);
create temp table seen (what text);
create temp table wrong (step int, what text, model text, real text);
create function pg_temp.pick(a text[]) returns text language sql volatile as $$ select a[1 + floor(random() * cardinality(a))::int] $$;
-- Of those that wait for nothing: priority, then age, for a pilot of this role.
create function pg_temp.line(place text, mine text, wanted text, kinds text[], most int) returns text[] language sql as $$
    select coalesce(array_agg(id order by r), '{}') from (
        select m.id, row_number() over (order by m.rank desc, m.place, m.n) as r from m
         where m.project = line.place and m.state = 'pending' and m.place <= clock_timestamp()
           and not exists (select from m d where d.id = any(m.needs) and d.state <> 'completed')
           and (m.role is null or m.role = coalesce(mine, wanted))
           and (kinds is null or m.kind = any(kinds))) x where r <= most
$$;
create function pg_temp.doom() returns void language plpgsql as $$
begin
    loop
        update m set state = 'cancelled' where state = 'pending' and exists (select from m d where d.id = any(m.needs) and d.state in ('dead', 'cancelled'));
        exit when not found;
    end loop;
end $$;
create function pg_temp.check_states(step int, what text) returns void language sql as $$
    insert into wrong select check_states.step, check_states.what || ' ' || coalesce(m.id, w.work_order_id), concat_ws(' ', m.state, m.attempts, m.lost, m.claimer), concat_ws(' ', w.state, w.attempts, w.lost, case when w.state = 'claimed' then w.claimed_by end)
      from m full join fleet_state.work_orders w on w.work_order_id = m.id
     where (m.state, m.attempts, m.lost, case when m.state = 'claimed' then m.claimer end) is distinct from (w.state, w.attempts, w.lost, case when w.state = 'claimed' then w.claimed_by end)
$$;
create function pg_temp.walk(steps int) returns void language plpgsql as $$
declare
    what text; who text; p text; expected text[]; got text[]; o record; r answers; args jsonb; orders jsonb; roles constant jsonb := '{"coder-1": "coder", "judge-1": "judge"}';
    kinds text[]; wanted text; verdict text; w fleet_log.work; most int; ids text[];
begin
    for step in 1 .. steps loop
        p := pg_temp.pick('{demo,demo,demo,other}');
        who := pg_temp.pick('{viper-1,raven-1,coder-1,judge-1}');
        what := pg_temp.pick('{enqueue,enqueue,list,claim,claim,claim,complete,complete,complete,fail,fail,cancel,retry,lost,finish,stale}');
        o := null;
        if what in ('complete', 'fail', 'stale') then
            select * into o from m where m.state = 'claimed' order by random() limit 1;
            continue when not found;
            p := o.project;
        end if;
        if what in ('enqueue', 'list') then
            most := case what when 'list' then 1 + floor(random() * 6)::int else 1 end;
            orders := '[]';
            for i in 1 .. most loop
                ids := array(select x.id from m x where x.project = p order by random() limit floor(random() * 1.6)::int);
                args := jsonb_strip_nulls(jsonb_build_object('kind', pg_temp.pick('{a,b,c}'), 'role', pg_temp.pick('{coder,judge,nobody,null,null}'), 'priority', pg_temp.pick('{low,medium,high,critical,medium}'),
                    'max_attempts', 1 + floor(random() * 3)::int, 'delay_seconds', case when random() < 0.1 then 3600 end,
                    'depends_on', to_jsonb(case when i > 1 and random() < 0.4 then ids || ('#' || floor(random() * (i - 1))::int) else ids end)));
                if args ->> 'role' = 'null' then args := args - 'role'; end if;
                orders := orders || jsonb_build_array(args);
            end loop;
            r := (select a from act(jsonb_build_array(ask('enqueue', case what when 'list' then jsonb_build_object('orders', orders) else orders -> 0 end, jsonb_build_object('project', p, 'actor', who)))) a);
            ids := case what when 'list' then array(select v ->> 'work_order_id' from jsonb_array_elements(r.result -> 'orders') with ordinality y (v, n) order by n) else array[r.result ->> 'work_order_id'] end;
            for i in 1 .. coalesce(cardinality(ids), 0) loop
                args := orders -> (i - 1);
                insert into m (id, project, kind, role, rank, place, state, attempts, most, lost, needs)
                select ids[i], p, args ->> 'kind', args ->> 'role', array_position('{low,medium,high,critical}', args ->> 'priority') - 1,
                       (select e.recorded_at from fleet_log.events e where e.seq = r.seq) + make_interval(secs => coalesce((args ->> 'delay_seconds')::int, 0)),
                       'pending', 0, (args ->> 'max_attempts')::int, 0,
                       array(select case when starts_with(d, '#') then ids[substr(d, 2)::int + 1] else d end from jsonb_array_elements_text(args -> 'depends_on') d);
            end loop;
            perform pg_temp.doom();
            verdict := coalesce(r.code, 'ok');
        elsif what = 'claim' then
            wanted := case when p = 'other' and random() < 0.8 then pg_temp.pick('{coder,judge}') end;
            kinds := case when random() < 0.3 then array(select distinct pg_temp.pick('{a,b,c}') from generate_series(1, 2)) end;
            most := case when random() < 0.6 then 1 else 1 + floor(random() * 5)::int end;
            -- Roles are those of the project demo: in the other one nobody is registered, so anybody may ask for any role.
            expected := pg_temp.line(p, case p when 'demo' then roles ->> who end, wanted, kinds, most);
            r := (select a from act(jsonb_build_array(ask('claim_work', jsonb_strip_nulls(jsonb_build_object('limit', most, 'role', wanted, 'kinds', kinds)), jsonb_build_object('project', p, 'actor', who)))) a);
            got := array(select v ->> 'work_order_id' from jsonb_array_elements(r.result -> 'orders') with ordinality y (v, n) order by n);
            if got is distinct from expected then
                insert into wrong values (step, 'claim', expected::text, got::text);
            end if;
            update m set state = 'claimed', claimer = who, attempts = m.attempts + 1, token = (v ->> 'token')::bigint from jsonb_array_elements(r.result -> 'orders') v where m.id = v ->> 'work_order_id';
            verdict := case when got = '{}' then 'nothing' else 'given' end;
        elsif what in ('complete', 'stale') then
            r := (select a from act(jsonb_build_array(ask('complete_work', jsonb_build_object('work_order_id', o.id), jsonb_build_object('project', p, 'actor', o.claimer,
                      'fence', jsonb_build_object('kind', 'work_order', 'id', o.id, 'token', case what when 'stale' then o.token - 1 else o.token end))))) a);
            if what = 'complete' then
                update m set state = 'completed' where m.id = o.id;
            end if;
            verdict := coalesce(r.code, 'ok');
            if verdict <> (case what when 'stale' then 'stale_token' else 'ok' end) then insert into wrong values (step, what, '', verdict); end if;
        elsif what = 'fail' then
            r := (select a from act(jsonb_build_array(ask('fail_work', jsonb_build_object('work_order_id', o.id, 'retry', random() < 0.9, 'retry_in_seconds', case when random() < 0.8 then 0 else 3600 end, 'error', '{"kind": "k", "message": "m"}'::jsonb),
                      jsonb_build_object('project', p, 'actor', o.claimer, 'fence', jsonb_build_object('kind', 'work_order', 'id', o.id, 'token', o.token))))) a);
            args := (select e.data from fleet_log.events e where e.stream_id = o.id and e.type = 'work_order_failed' order by e.seq desc limit 1);
            verdict := case when o.attempts >= o.most or args -> 'dead' = 'true' then 'dead' else 'pending' end;
            update m set state = verdict, lost = case verdict when 'pending' then 0 else m.lost end, place = case verdict when 'pending' then (r.result ->> 'run_after')::timestamptz else m.place end where m.id = o.id;
            perform pg_temp.doom();
        elsif what in ('cancel', 'retry') then
            select * into o from m where (what = 'retry') = (m.state = 'dead') and random() < 0.9 order by random() limit 1;
            if o.id is null or (what = 'cancel' and random() < 0.7) then
                select * into o from m order by random() limit 1;
            end if;
            continue when o.id is null;
            r := (select a from act(jsonb_build_array(ask(what || '_work', jsonb_build_object('work_order_id', o.id), jsonb_build_object('project', o.project, 'actor', who)))) a);
            verdict := case when what = 'retry' and o.state = 'dead' or what = 'cancel' and o.state in ('pending', 'claimed') then 'ok' else 'transition_refused' end;
            if verdict <> coalesce(r.code, 'ok') then insert into wrong values (step, what || ' of ' || o.state, verdict, r.code); end if;
            if verdict = 'ok' and what = 'cancel' then
                update m set state = 'cancelled' where m.id = o.id;
                perform pg_temp.doom();
            elsif verdict = 'ok' then
                update m set state = 'pending', attempts = 0, lost = 0, place = coalesce((r.result ->> 'run_after')::timestamptz, (r.result ->> 'created_at')::timestamptz) where m.id = o.id;
            end if;
        elsif what = 'lost' then
            continue when random() < 0.5;
            -- A pilot is lost: what it has goes back to where it stood.
            w := null; w.op := 'deregister_pilot'; w.project := p; w.actor := who; w.metadata := '{}'; w.at := date_trunc('milliseconds', clock_timestamp());
            w.head := (select max(e.seq) from fleet_log.events e);
            w := fleet_log.return_orders(w, p, array[who], 'pilot_lost', null);
            got := array(select jsonb_array_elements_text(w.result) order by 1);
            expected := array(select m.id from m where m.state = 'claimed' and m.claimer = who and m.project = p order by 1);
            if got is distinct from expected then insert into wrong values (step, 'lost', expected::text, got::text); end if;
            update m set state = case when m.lost = 9 then 'dead' else 'pending' end, attempts = m.attempts - case when m.lost = 9 then 0 else 1 end, lost = m.lost + case when m.lost = 9 then 0 else 1 end where m.id = any(expected);
            perform pg_temp.doom();
            verdict := case when got = '{}' then 'nothing' else 'back' end;
        elsif what = 'finish' then
            -- All that one has claimed in the project, in one request.
            args := (select jsonb_agg(jsonb_build_object('work_order_id', x.id, 'token', x.token)) from (select m.id, m.token from m where m.state = 'claimed' and m.claimer = who and m.project = p order by random() limit 100) x);
            continue when args is null or random() < 0.6;
            r := (select a from act(jsonb_build_array(ask('complete_orders', jsonb_build_object('orders', args), jsonb_build_object('project', p, 'actor', who)))) a);
            if r.code is not null then insert into wrong values (step, 'finish', 'ok', r.code); end if;
            update m set state = 'completed' where m.id in (select v ->> 'work_order_id' from jsonb_array_elements(args) v);
            verdict := 'all';
        end if;
        insert into seen values (what || ' ' || verdict);
        if step % 10 = 0 then
            perform pg_temp.check_states(step, what);
            exit when exists (select from wrong);
        end if;
    end loop;
    perform pg_temp.check_states(steps, 'end');
end $$;
select setseed(coalesce(nullif(current_setting('model.seed', true), ''), '0.42')::float);
select pg_temp.walk(coalesce(nullif(current_setting('model.steps', true), ''), '800')::int);
select is((select string_agg(format('step %s %s: model %s, real %s', step, what, model, real), '; ') from (select * from wrong order by step limit 3) x), null, 'no difference at any step');
select cmp_ok((select count(*) from seen where what = 'claim given'), '>', 100::bigint, 'orders were given');
select cmp_ok((select count(distinct what) from seen), '>=', 14::bigint, 'and all kinds of things happened');
select is((select count(*) from (select e.stream_id, e.type, lag(e.type) over (partition by e.stream_id order by e.seq) as before from fleet_log.events e where e.stream_type = 'work_order') x
            where x.type = 'work_order_claimed' and x.before = 'work_order_claimed'), 0::bigint, 'nobody got what another had');
select is((select count(*) from fleet_live.work_lines l cross join generate_series(1, 4) r
             join fleet_state.work_orders w on w.project = l.project and w.rank = r - 1 and w.state = 'pending' and w.blocked_by = 0
              and l.scope in ('*', 'role ' || w.role, 'kind ' || w.kind) and (w.ready_at, w.created_seq) < (l.front_at[r], l.front_seq[r])), 0::bigint, 'no line begins behind an order that could be claimed');
select is((select string_agg(v.key || ' ' || v.column_name || ' ' || v.expected || ' ' || v.found, '; ') from fleet.verify_projections() v), null, 'a replay gives the same');
-- Replayed in small pieces, too: an order that goes round several times in one, or is cut anywhere.
select fleet_log.clone_state('pieces'), fleet_log.fold_range('pieces', 1, (select max(seq) from fleet_log.events), 7);
select is((select count(*) from fleet_log.compare_table('work_orders', 'pieces')), 0::bigint, 'in whatever pieces');
select * from finish();
rollback;
