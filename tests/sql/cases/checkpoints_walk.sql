-- Random walks: pilots work, fall silent and come back, checkpoints are taken on the way; whichever is restored, whenever, what was
-- completed stays completed, nobody has what somebody else has, twice is once, and a replay comes to the same.
begin;
set search_path = tap, public;
select plan(8);
select scene();
create temp table found (seed int, step int, what text);

create function pg_temp.pick(variadic words text[]) returns text language sql volatile as $$ select words[1 + floor(random() * cardinality(words))::int] $$;
create function pg_temp.act(op text, actor text, args jsonb default '{}', fence jsonb default null) returns jsonb language sql as $$
    select to_jsonb(a) from fleet.act(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('op', op, 'project', 'demo', 'actor', actor, 'args', args,
        'fence', fence, 'roles', '["operator"]'::jsonb)))) a $$;
create function pg_temp.mine(who text) returns fleet_state.sorties language sql volatile as $$
    select * from fleet_state.sorties where pilot = who and token is not null and state in ('assigned', 'in_progress', 'blocked') order by random() limit 1 $$;

create function pg_temp.step(mission text) returns void language plpgsql as $$
declare
    who text := pg_temp.pick('viper-1', 'raven-1', 'lynx-1', 'otter-1');
    s fleet_state.sorties := pg_temp.mine(who);
    f jsonb := jsonb_build_object('kind', 'sortie', 'id', s.sortie_id, 'token', s.token);
    id jsonb := jsonb_build_object('sortie_id', s.sortie_id);
begin
    case pg_temp.pick('claim', 'claim', 'start', 'progress', 'progress', 'reserve', 'reserve', 'block', 'unblock', 'complete', 'fail', 'return', 'mail', 'mail', 'mail',
                      'silent', 'sweep', 'back', 'back', 'checkpoint', 'release', 'leave')
        when 'claim' then perform pg_temp.act('claim_sortie', who);
        when 'start' then perform pg_temp.act('start_sortie', who, id, f);
        when 'progress' then perform pg_temp.act('progress', who, id || jsonb_build_object('percent', floor(random() * 100)::int), f);
        when 'block' then perform pg_temp.act('block', who, id || '{"reason": "why"}', f);
        when 'unblock' then perform pg_temp.act('unblock', who, id || '{"resolution": "so"}', f);
        when 'complete' then perform pg_temp.act('complete_sortie', who, id, f);
        when 'fail' then perform pg_temp.act('fail_sortie', who, id || '{"error": {"kind": "test", "message": "no"}}', f);
        when 'return' then perform pg_temp.act('return_sortie', who, id, f);
        when 'reserve' then perform pg_temp.act('reserve', who, jsonb_strip_nulls(jsonb_build_object('patterns', jsonb_build_array(
            pg_temp.pick('a/**', 'a/b.c', 'b/**', 'c/*.h', 'c/d.h', 'e.txt')), 'mode', pg_temp.pick('exclusive', 'exclusive', 'shared'), 'sortie_id', s.sortie_id)));
        when 'release' then perform pg_temp.act('release_all', who);
        when 'mail' then perform pg_temp.act('send_message', who, jsonb_build_object('to', jsonb_build_array(pg_temp.pick('viper-1', 'raven-1', 'lynx-1', 'otter-1')),
            'subject', 'Hi', 'body', 'there', 'ack_required', random() < 0.5, 'bounce_stale', true));
        when 'silent' then update fleet_live.pilots set seen_at = seen_at - interval '1 hour' where callsign = who;
        when 'sweep' then perform pg_temp.act('sweep', 'system', (select jsonb_build_object('duty_epoch', epoch) from fleet_live.leaders where duty = 'sweep'));
        when 'back' then perform pg_temp.act('register_pilot', who, jsonb_build_object('callsign', who, 'program', 'p', 'model', 'm', 'resume', true));
        when 'leave' then if random() < 0.3 then perform pg_temp.act('deregister_pilot', who); end if;
        else perform pg_temp.act('create_checkpoint', who, jsonb_build_object('mission_id', mission));
    end case;
end $$;

-- What must hold before and after.
create function pg_temp.ended() returns jsonb language sql as $$
    select coalesce(jsonb_object_agg(sortie_id, state), '{}') from fleet_state.sorties where state in ('completed', 'failed', 'cancelled', 'skipped') $$;
create function pg_temp.world() returns jsonb language sql as $$
    select jsonb_build_object('sorties', (select jsonb_agg(to_jsonb(s) - 'last_seq' order by s.sortie_id) from fleet_state.sorties s),
        'files', (select jsonb_agg(to_jsonb(r) order by r.reservation_id) from fleet_state.reservations r where state = 'active'),
        'mail', (select jsonb_agg(to_jsonb(m) order by m.message_id, m.recipient) from fleet_state.message_recipients m)) $$;
create function pg_temp.note(seed int, step int, what text, bad boolean) returns void language sql as $$
    insert into found select seed, step, what where bad $$;

create function pg_temp.restore(seed int, step int, mission text) returns boolean language plpgsql as $$
declare
    ended jsonb;
    args jsonb;
    op text := pg_temp.pick('recover', 'restore_checkpoint');
    head bigint;
    plan jsonb;
    done jsonb;
    again jsonb;
    world jsonb;
begin
    -- Often a whole crew was lost, and some of it is back before anybody else takes up its work.
    if random() < 0.5 then
        update fleet_live.pilots set seen_at = seen_at - interval '1 hour';
        perform pg_temp.act('sweep', 'system', (select jsonb_build_object('duty_epoch', epoch) from fleet_live.leaders where duty = 'sweep'));
        perform pg_temp.act('register_pilot', who, jsonb_build_object('callsign', who, 'program', 'p', 'model', 'm', 'resume', true))
           from unnest('{viper-1,raven-1,lynx-1}'::text[]) who;
    end if;
    ended := pg_temp.ended();
    head := (select max(seq) from fleet_log.events);
    args := case op when 'recover' then jsonb_build_object('mission_id', mission)
                    else (select jsonb_build_object('checkpoint_id', checkpoint_id) from fleet_state.checkpoints where state <> 'deleted' order by random() limit 1) end
            || jsonb_build_object('force', random() < 0.5);
    if args ->> 'checkpoint_id' is null and op = 'restore_checkpoint' then
        return false;
    end if;
    plan := pg_temp.act(op, 'op', args || '{"dry_run": true}');
    perform pg_temp.note(seed, step, 'a dry run writes', (select max(seq) from fleet_log.events) <> head);
    done := pg_temp.act(op, 'op', args);
    if not (done ->> 'ok')::boolean then
        perform pg_temp.note(seed, step, 'a refused restore writes: ' || (done ->> 'code'), (select max(seq) from fleet_log.events) <> head);
        perform pg_temp.note(seed, step, 'an unknown refusal ' || (done ->> 'code') || ' ' || (done ->> 'message'),
            done ->> 'code' not in ('reservation_held', 'transition_refused'));
        return false;
    end if;
    perform pg_temp.note(seed, step, 'not what the dry run said', (plan #> '{result,sorties}') is distinct from (select coalesce(jsonb_agg(x - 'token' order by n), '[]')
        from jsonb_array_elements(done #> '{result,sorties}') with ordinality y (x, n)));
    perform pg_temp.note(seed, step, 'what had ended was turned back', not pg_temp.ended() @> ended);
    perform pg_temp.note(seed, step, 'two have one path', exists (
        select from fleet_state.reservations a join fleet_state.reservations b on a.reservation_id < b.reservation_id and a.holder <> b.holder
           and a.state = 'active' and b.state = 'active' and 'exclusive' in (a.mode, b.mode)
         cross join unnest(a.patterns) p cross join unnest(b.patterns) q where fleet_log.globs_overlap(p, q)));
    perform pg_temp.note(seed, step, 'the dead hold something', coalesce((done #>> '{result,needed}')::boolean, true) and not coalesce((done #>> '{result,already}')::boolean, false)
        and exists (select from fleet_state.sorties s join fleet_live.pilots l on l.callsign = s.pilot
                     where s.token is not null and s.state <> 'review' and l.seen_at < clock_timestamp() - interval '30 minutes' and s.mission_id = mission));
    world := pg_temp.world();
    again := pg_temp.act(op, 'op', args - 'force');
    perform pg_temp.note(seed, step, 'twice is not once: ' || op || args::text, pg_temp.world() is distinct from world);
    return true;
end $$;

create function pg_temp.walk(seed int) returns int language plpgsql as $$
declare
    mission text;
    restored int := 0;
begin
    perform setseed(seed / 100.0);
    mission := pg_temp.act('create_mission', 'viper-1', '{"title": "Walk", "on_failure": "continue", "complete_by_itself": false}') #>> '{result,mission_id}';
    for n in 1 .. 7 loop
        perform pg_temp.act('create_sortie', 'viper-1', jsonb_build_object('mission_id', mission, 'title', 'Piece ' || n, 'max_attempts', 3));
    end loop;
    perform pg_temp.act('start_mission', 'viper-1', jsonb_build_object('mission_id', mission));
    for n in 1 .. 150 loop
        perform pg_temp.step(mission);
        if random() < 0.12 then
            restored := restored + pg_temp.restore(seed, n, mission)::int;
        end if;
    end loop;
    perform pg_temp.act('cancel_mission', 'viper-1', jsonb_build_object('mission_id', mission));
    perform pg_temp.act('release_all', who) from unnest('{viper-1,raven-1,lynx-1,otter-1}'::text[]) who;
    return restored;
end $$;

select does(ask('register_pilot', jsonb_build_object('callsign', c, 'program', 'p', 'model', 'm'))) from unnest('{lynx-1,otter-1}'::text[]) c;
select fleet.lead('sweep', 'me');
update fleet_live.leaders set since = since - interval '1 day';
create temp table went as select seed, pg_temp.walk(seed) as restored from generate_series(1, 8) seed;
select cmp_ok((select sum(restored)::int from went), '>', 30, 'many were restored on the way');
select is((select string_agg(format('seed %s, step %s: %s', seed, step, what), E'\n' order by seed, step) from found), null, 'and each kept what must hold');
select cmp_ok((select count(*)::int from fleet_log.events where type = 'fleet_recovered' and data -> 'sorties' <> '[]'), '>', 0, 'some gave sorties back');
select cmp_ok((select count(*)::int from fleet_log.events where type = 'fleet_recovered' and data -> 'reservations' <> '[]'), '>', 0, 'some took files again');
select cmp_ok((select count(*)::int from fleet_log.events where type = 'message_requeued'), '>', 0, 'some brought mail back');
select cmp_ok((select count(*)::int from fleet_log.events where type = 'fleet_recovered' and data -> 'released' <> '[]'), '>', 0, 'some took sorties from the dead');
select is((select count(*)::int from fleet_state.checkpoints where state <> 'deleted' and fleet_log.checkpoint_damage(checkpoint_id) is not null), 0, 'every checkpoint is whole');
select is((select count(*)::int from fleet.verify_projections()), 0, 'a replay comes to the same');
select * from finish();
rollback;
