-- Random commands against a small model of missions and sorties, step by step: outcomes and states must be the same. The seed is
-- fixed; set `model.seed` and `model.steps` to look elsewhere.
begin;
set search_path = tap, public;
select plan(8);
select scene();
select does(ask('register_pilot', '{"callsign": "tester-1", "program": "p", "model": "m", "role": "tester"}'));
create temp table g (n serial, id text primary key, state text, stops boolean, most int, review boolean, by_itself boolean, judged boolean default false);
create temp table m (n serial, id text primary key, mission text, role text, rank int, state text, pilot text, attempt int default 1, most int, joins text, wants text,
                     lapsed boolean default false, good boolean default false);
create temp table needs (id text, need text, mode text);
create temp table seen (what text);
create temp table wrong (step int, what text, model text, real text);
create function pg_temp.pick(a text[]) returns text language sql volatile as $$ select a[1 + floor(random() * cardinality(a))::int] $$;
create function pg_temp.over(state text) returns boolean language sql as $$ select state in ('completed', 'failed', 'cancelled', 'skipped') $$;
create function pg_temp.held(state text) returns boolean language sql as $$ select state in ('assigned', 'in_progress', 'blocked', 'review') $$;
create function pg_temp.runs(mission text) returns boolean language sql as $$ select mission is null or exists (select from g where id = mission and g.state = 'in_progress') $$;

-- Whether its dependencies let a sortie go (null: not yet), the condition included.
create function pg_temp.may(s m) returns boolean language plpgsql as $$
declare
    x record;
    all_over boolean := true;
    all_good boolean := true;
    some_good boolean := false;
    some_lost boolean := false;
    some_done boolean := false;
begin
    for x in select d.state, n.mode from needs n join m d on d.id = n.need where n.id = s.id loop
        all_over := all_over and pg_temp.over(x.state);
        if x.state = 'completed' or x.mode = 'settled' and pg_temp.over(x.state) then
            some_good := true;
            some_done := some_done or x.state <> 'skipped';
        else
            all_good := false;
            some_lost := some_lost or pg_temp.over(x.state);
        end if;
    end loop;
    if s.joins = 'all' and some_lost then
        return false;
    elsif s.joins = 'all' and not all_good or s.joins = 'any' and not all_over and (s.wants is not null or not some_done) then
        return null;
    elsif s.joins = 'any' and not some_good and exists (select from needs n where n.id = s.id) then
        return false;
    end if;
    return s.wants is null or (select d.state = 'completed' and d.good from m d where d.id = s.wants);
end $$;
-- All that follows, until nothing does.
create function pg_temp.settle() returns void language plpgsql as $$
declare
    again boolean := true;
    x record;
    y m;
    lost int;
begin
    while again loop
        again := false;
        for y in select * from m where state = 'pending' order by n loop
            if pg_temp.may(y) = false then
                update m set state = 'skipped' where id = y.id;
                update g set judged = false where id = y.mission;
                again := true;
            end if;
        end loop;
        continue when again;
        for x in select * from g where state = 'in_progress' order by id loop
            lost := (select count(*) from m where mission = x.id and state = 'failed');
            if lost > 0 and x.stops or lost > x.most then
                update g set state = 'failed' where id = x.id;
                update m set state = 'cancelled' where mission = x.id and state = 'pending';
                again := true;
            elsif x.by_itself and exists (select from m where mission = x.id) and not exists (select from m where mission = x.id and not pg_temp.over(m.state)) then
                if lost > 0 and x.most is null then
                    update g set state = 'failed' where id = x.id;
                elsif not x.judged then
                    update g set state = case when x.review then 'review' else 'completed' end where id = x.id;
                end if;
            end if;
        end loop;
    end loop;
end $$;
create function pg_temp.finish(called text, becomes text) returns void language plpgsql as $$
begin
    update m set state = becomes, lapsed = false where id = called;
    update g set judged = false where id = (select mission from m where m.id = called);
    perform pg_temp.settle();
end $$;
create function pg_temp.go_back(called text) returns void language plpgsql as $$
begin
    if exists (select from m join g on g.id = m.mission where m.id = called and g.state in ('completed', 'failed', 'cancelled')) then
        perform pg_temp.finish(called, 'cancelled');
    else
        update m set state = 'pending', lapsed = false where id = called;
    end if;
end $$;
create function pg_temp.fail(s m, is_final boolean) returns void language plpgsql as $$
begin
    if s.attempt < s.most and not is_final and not exists (select from g where g.id = s.mission and g.state in ('completed', 'failed', 'cancelled')) then
        update m set state = 'pending', attempt = s.attempt + 1, lapsed = false where id = s.id;
    else
        perform pg_temp.finish(s.id, 'failed');
    end if;
end $$;
create function pg_temp.end_mission(called text, becomes text) returns void language plpgsql as $$
begin
    update g set state = becomes where id = called;
    update m set state = 'cancelled', lapsed = false where mission = called and not pg_temp.over(state);
    perform pg_temp.settle();
end $$;
create function pg_temp.check_states(step int, what text) returns void language sql as $$
    insert into wrong select check_states.step, check_states.what || ' ' || coalesce(m.id, s.sortie_id), concat_ws(' ', m.state, m.attempt, case when pg_temp.held(m.state) then m.pilot end, m.state = 'pending' and pg_temp.runs(m.mission) and coalesce(pg_temp.may(m), false)),
        concat_ws(' ', s.state, s.attempt, case when s.token is not null then s.pilot end, s.ready)
      from m full join fleet_state.sorties s on s.sortie_id = m.id
     where concat_ws(' ', m.state, m.attempt, case when pg_temp.held(m.state) then m.pilot end, m.state = 'pending' and pg_temp.runs(m.mission) and coalesce(pg_temp.may(m), false))
        <> concat_ws(' ', s.state, s.attempt, case when s.token is not null then s.pilot end, s.ready) or m.id is null or s.sortie_id is null;
    insert into wrong select check_states.step, check_states.what || ' ' || coalesce(g.id, x.mission_id), g.state, x.state from g full join fleet_state.missions x on x.mission_id = g.id where g.state is distinct from x.state;
$$;

-- One command of the pilot who has it (or says so): what the model expects, and carries out.
create function pg_temp.expect(op text, s m, me text, stale boolean, args jsonb) returns text language plpgsql as $$
begin
    if op in ('start_sortie', 'progress', 'block', 'unblock', 'request_review', 'complete_sortie', 'fail_sortie', 'return_sortie') then
        if not pg_temp.held(s.state) or stale then
            return 'stale_token';
        elsif s.pilot <> me then
            return 'forbidden';
        elsif s.state = 'review' or (case op when 'start_sortie' then s.state <> 'assigned' when 'unblock' then s.state <> 'blocked'
              when 'fail_sortie' then false when 'return_sortie' then false else s.state <> 'in_progress' end) then
            return 'transition_refused';
        end if;
    end if;
    case op
        when 'start_sortie' then update m set state = 'in_progress', lapsed = false where id = s.id;
        when 'progress' then update m set lapsed = false where id = s.id;
        when 'block' then update m set state = 'blocked', lapsed = false where id = s.id;
        when 'unblock' then update m set state = 'in_progress', lapsed = false where id = s.id;
        when 'request_review' then update m set state = 'review', lapsed = false, good = (args #>> '{result,ok}')::boolean where id = s.id;
        when 'complete_sortie' then
            update m set good = (args #>> '{result,ok}')::boolean where id = s.id;
            perform pg_temp.finish(s.id, 'completed');
        when 'fail_sortie' then perform pg_temp.fail(s, (args ->> 'final')::boolean);
        when 'return_sortie' then perform pg_temp.go_back(s.id);
        when 'cancel_sortie' then
            if pg_temp.over(s.state) then return 'transition_refused'; end if;
            perform pg_temp.finish(s.id, 'cancelled');
        when 'retry_sortie' then
            if s.state <> 'failed' or exists (select from g where g.id = s.mission and g.state not in ('pending', 'in_progress')) then return 'transition_refused';
            elsif s.attempt >= s.most then return 'forbidden'; end if;
            update m set state = 'pending', attempt = s.attempt + 1 where id = s.id;
        when 'review' then
            if s.state <> 'review' then return 'transition_refused'; elsif s.pilot = me then return 'forbidden'; end if;
            case args ->> 'verdict' when 'approved' then perform pg_temp.finish(s.id, 'completed');
                when 'rejected' then perform pg_temp.fail(s, false); else update m set state = 'in_progress' where id = s.id; end case;
    end case;
    return 'ok';
end $$;

create function pg_temp.claim(step int, me text, wanted text) returns void language plpgsql as $$
declare
    mine m;
    said text;
    fits constant text := case when me = 'tester-1' then 'tester' else '' end;
begin
    if wanted is not null then
        select * into mine from m where id = wanted;
        said := case when coalesce(mine.role, '') not in ('', fits) then 'forbidden'
            when mine.state = 'pending' and pg_temp.runs(mine.mission) and pg_temp.may(mine) or mine.lapsed and pg_temp.runs(mine.mission) then mine.id else 'transition_refused' end;
    else
        said := coalesce((select id from m where state = 'pending' and pg_temp.runs(mission) and pg_temp.may(m) and coalesce(role, '') in ('', fits) order by rank, n limit 1),
                         (select id from m where lapsed and pg_temp.runs(mission) and coalesce(role, '') in ('', fits) order by rank, n limit 1), 'nothing_ready');
    end if;
    if said like 'srt_%' then
        update m set state = 'assigned', pilot = me, lapsed = false where id = said;
    end if;
    perform run(ask('claim_sortie', jsonb_strip_nulls(jsonb_build_object('sortie_id', wanted)), jsonb_build_object('actor', me)));
    insert into wrong select step, 'claim ' || me || coalesce(' ' || wanted, ''), said, coalesce(a.code, a.result ->> 'sortie_id') from answer(1) a where coalesce(a.code, a.result ->> 'sortie_id') <> said;
end $$;

create function pg_temp.create_one(step int) returns void language plpgsql as $$
declare
    fresh text := fleet.new_id('srt');
    x m;
    said text := 'ok';
    deps jsonb;
begin
    x.mission := (select g.id from g where random() < 0.8 order by g.n desc offset floor(random() * 3) limit 1);
    x.role := case when random() < 0.2 then 'tester' end;
    x.rank := floor(random() * 4);
    x.most := 1 + floor(random() * 2);
    x.joins := pg_temp.pick('{all,any}');
    insert into needs select distinct on (y.id) fresh, y.id, pg_temp.pick('{success,success,settled}') from (select m.id from m order by m.n desc limit 8) y where random() < 0.3;
    select coalesce(jsonb_agg(jsonb_build_object('id', n.need, 'mode', n.mode)), '[]') into deps from needs n where n.id = fresh;
    x.wants := (select n.need from needs n where n.id = fresh and random() < 0.3 order by n.need limit 1);
    if x.mission is not null and (select state from g where g.id = x.mission) not in ('pending', 'in_progress') then
        said := 'transition_refused';
        delete from needs n where n.id = fresh;
    else
        insert into m (id, mission, role, rank, state, most, joins, wants) values (fresh, x.mission, x.role, x.rank, 'pending', x.most, x.joins, x.wants);
        perform pg_temp.settle();
    end if;
    perform run(ask('create_sortie', jsonb_strip_nulls(jsonb_build_object('sortie_id', fresh, 'mission_id', x.mission, 'title', 't', 'name', 's' || right(fresh, 10), 'role', x.role,
        'priority', (array['critical', 'high', 'medium', 'low'])[x.rank + 1], 'max_attempts', x.most, 'join', x.joins, 'depends_on', deps,
        'condition', 's' || right(x.wants, 10) || '.ok == true'))));
    insert into wrong select step, 'create', said, coalesce(a.code, 'ok') || coalesce(a.message, '') from answer(1) a where coalesce(a.code, 'ok') <> said;
end $$;

create function pg_temp.on_mission(step int, op text) returns void language plpgsql as $$
declare
    x g;
    said text := 'ok';
    verdict text := pg_temp.pick('{approved,approved,rejected,needs_changes}');
begin
    select * into x from g order by case when state in ('pending', 'in_progress', 'review') and random() < 0.8 then 0 else 1 end, random() limit 1;
    if x.id is null then return; end if;
    case op
        when 'start_mission' then
            if x.state <> 'pending' then said := 'transition_refused'; else update g set state = 'in_progress' where id = x.id; perform pg_temp.settle(); end if;
        when 'cancel_mission' then
            if x.state not in ('pending', 'in_progress', 'review') then said := 'transition_refused'; else perform pg_temp.end_mission(x.id, 'cancelled'); end if;
        when 'fail_mission' then
            if x.state not in ('in_progress', 'review') then said := 'transition_refused'; else perform pg_temp.end_mission(x.id, 'failed'); end if;
        when 'complete_mission' then
            if x.state <> 'in_progress' or exists (select from m where mission = x.id and not pg_temp.over(m.state))
               or (select count(*) from m where mission = x.id and m.state = 'failed') > coalesce(x.most, 0) then said := 'transition_refused';
            else update g set state = case when x.review then 'review' else 'completed' end where id = x.id; end if;
        when 'review_mission' then
            if x.state <> 'review' then said := 'transition_refused';
            else update g set state = case verdict when 'approved' then 'completed' when 'rejected' then 'failed' else 'in_progress' end, judged = true where id = x.id; end if;
    end case;
    perform run(ask(op, jsonb_build_object('mission_id', x.id) || case op when 'fail_mission' then '{"reason": "r"}' when 'review_mission' then jsonb_build_object('verdict', verdict) else '{}' end));
    insert into wrong select step, op || ' ' || x.id, said, coalesce(a.code, 'ok') from answer(1) a where coalesce(a.code, 'ok') <> said;
end $$;

create function pg_temp.on_sortie(step int, op text) returns void language plpgsql as $$
declare
    s m;
    me text;
    said text;
    stale boolean := random() < 0.05;
    args jsonb := case op when 'progress' then jsonb_build_object('percent', floor(random() * 101)::int) when 'block' then '{"reason": "r"}' when 'unblock' then '{"resolution": "r"}'
        when 'fail_sortie' then jsonb_build_object('error', '{"kind": "k", "message": "m"}'::jsonb, 'final', random() < 0.3)
        when 'review' then jsonb_build_object('verdict', pg_temp.pick('{approved,rejected,needs_changes}'))
        when 'request_review' then jsonb_build_object('result', jsonb_build_object('ok', random() < 0.6)) when 'complete_sortie' then jsonb_build_object('result', jsonb_build_object('ok', random() < 0.6)) else '{}' end;
    fits text := case op when 'start_sortie' then 'assigned' when 'unblock' then 'blocked' when 'review' then 'review' when 'retry_sortie' then 'failed' else 'in_progress' end;
begin
    select * into s from m order by case when state = fits and random() < 0.9 then 0 else 1 end, random() limit 1;
    if s.id is null then return; end if;
    me := case when op = 'review' or random() < 0.05 then pg_temp.pick('{viper-1,raven-1}') else coalesce(s.pilot, 'viper-1') end;
    said := pg_temp.expect(op, s, me, stale, args);
    perform run(ask(op, jsonb_build_object('sortie_id', s.id) || args, jsonb_build_object('actor', me) || case when op in ('cancel_sortie', 'retry_sortie', 'review') then '{}' else
        jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', s.id, 'token', coalesce((select token + stale::int from fleet_state.sorties where sortie_id = s.id), 1))) end));
    insert into wrong select step, op || ' ' || s.id || ' ' || s.state || ' by ' || me, said, coalesce(a.code, 'ok') from answer(1) a where coalesce(a.code, 'ok') <> said;
end $$;

-- Silence: leases lapse; the round returns them. A pilot leaves, and all it has goes back.
create function pg_temp.time(step int, op text) returns void language plpgsql as $$
declare
    x record;
    who text;
begin
    case op
        when 'lapse' then
            update m set lapsed = true where id in (select id from m where state in ('assigned', 'in_progress', 'blocked') and random() < 0.3);
            update fleet_state.sorties s set signed_at = s.signed_at - interval '2 hours' from m where m.id = s.sortie_id and m.lapsed;
            return;
        when 'sweep' then
            for x in select * from m where lapsed order by n loop perform pg_temp.go_back(x.id); end loop;
            perform run('{"op": "sweep", "roles": ["operator"], "args": {"stale_seconds": 1000000}}');
        when 'leave' then
            who := pg_temp.pick('{viper-1,raven-1}');
            for x in select * from m where pilot = who and state in ('assigned', 'in_progress', 'blocked') order by n loop perform pg_temp.go_back(x.id); end loop;
            perform run(ask('deregister_pilot', jsonb_build_object('callsign', who)));
            perform run(ask('register_pilot', jsonb_build_object('callsign', who, 'program', 'p', 'model', 'm')));
            update fleet_live.pilots set seen_at = now() - interval '3 hours';
    end case;
    insert into wrong select step, op, 'ok', code from answers where code is not null;
end $$;

select setseed(coalesce(nullif(current_setting('model.seed', true), ''), '0.3')::float);
update fleet_live.pilots set seen_at = now() - interval '3 hours';   -- only what a pilot does counts
do $$
declare
    op text;
    fresh text;
    x g;
begin
    for step in 1 .. coalesce(nullif(current_setting('model.steps', true), ''), '500')::int loop
        op := pg_temp.pick('{mission,start_mission,start_mission,create,create,create,create,claim,claim,claim,claim,claim_id,start_sortie,start_sortie,start_sortie,start_sortie,progress,progress,block,unblock,request_review,review,review,complete_sortie,complete_sortie,complete_sortie,complete_sortie,fail_sortie,fail_sortie,return_sortie,cancel_sortie,retry_sortie,complete_mission,review_mission,review_mission,lapse,sweep,leave,end}');
        if op = 'end' then op := pg_temp.pick('{cancel_mission,fail_mission,x,x}'); end if;
        insert into seen values (op);
        case
            when op = 'x' then null;
            when op = 'mission' then
                fresh := fleet.new_id('msn');
                insert into g (id, state, stops, most, review, by_itself) values (fresh, 'pending', random() < 0.5, case when random() < 0.3 then 1 end, random() < 0.3, random() < 0.8) returning * into x;
                perform run(ask('create_mission', jsonb_strip_nulls(jsonb_build_object('mission_id', fresh, 'title', 't', 'on_failure', case when x.stops then 'stop' else 'continue' end,
                    'max_failures', x.most, 'require_review', x.review, 'complete_by_itself', x.by_itself))));
            when op = 'create' then perform pg_temp.create_one(step);
            when op = 'claim' then perform pg_temp.claim(step, pg_temp.pick('{viper-1,raven-1,tester-1}'), null);
            when op = 'claim_id' then
                fresh := (select m.id from m order by random() limit 1);
                if fresh is not null then perform pg_temp.claim(step, pg_temp.pick('{viper-1,raven-1,tester-1}'), fresh); end if;
            when op in ('lapse', 'sweep', 'leave') then perform pg_temp.time(step, op);
            when op like '%mission' then perform pg_temp.on_mission(step, op);
            else perform pg_temp.on_sortie(step, op);
        end case;
        perform pg_temp.check_states(step, op);
        exit when exists (select from wrong);
    end loop;
end $$;
select is((select count(distinct what) from seen), 24::bigint, 'every kind of step was made');
select is((select array_agg(step || ': ' || what || ': ' || coalesce(model, 'nothing') || ' expected, got ' || coalesce(real, 'nothing')) from (select * from wrong limit 3) w), null, 'every outcome and every state is the model''s');
select cmp_ok((select count(distinct state) from m), '>=', 4::bigint, 'sorties of many states stand at the end');
select cmp_ok((select count(*) from fleet.events where type = 'sortie_skipped'), '>', 10::bigint, 'many were skipped');
select cmp_ok((select count(*) from fleet.events where type in ('mission_completed', 'mission_failed') and actor = 'system'), '>=', 2::bigint, 'missions ended by themselves');
select is_empty($$select stream_id from fleet_log.events where type = 'mission_progressed' group by stream_id, data having count(*) > 1$$, 'no quarter was told twice');
-- The rows that were shifted in time by hand are put back as the log has them.
update fleet_state.sorties s set signed_at = (select max(e.recorded_at) from fleet_log.events e where e.stream_id = s.sortie_id
    and e.type in ('sortie_assigned', 'sortie_started', 'sortie_progress', 'sortie_blocked', 'sortie_unblocked') or e.stream_id = s.sortie_id and e.type = 'review_completed' and e.data ->> 'verdict' = 'needs_changes')
 where s.signed_at is not null;
select is_empty($$select * from fleet.verify_projections()$$, 'a replay gives the same');
-- However the log is cut into pieces, in the middle of requests too.
select fleet_log.clone_state('pieces');
select fleet_log.fold_range('pieces', 1, (select max(seq) from fleet_log.events), 7);
select is_empty($$select d.* from unnest('{missions,sorties,sortie_dependencies}'::text[]) t, fleet_log.compare_table(t, 'pieces') d$$, 'in pieces of seven events as well');
select * from finish();
rollback;
