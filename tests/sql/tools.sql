-- What the cases share. Each case runs in a transaction that is rolled back; act takes its locks in it and keeps them.

create table tap.answers (
    n serial, ord int, ok boolean, code text, field text, message text, hint text, detail jsonb, result jsonb,
    seq bigint, replayed boolean);

-- Sends a batch and remembers its rows as the only content of tap.answers.
create function tap.act(batch jsonb) returns setof tap.answers language plpgsql as $$
begin
    delete from tap.answers;
    insert into tap.answers (ord, ok, code, field, message, hint, detail, result, seq, replayed)
    select * from fleet.act(batch);
    return query select * from tap.answers order by ord;
end $$;

create function tap.answer(ord int) returns tap.answers language sql as $$
    select * from tap.answers a where a.ord = answer.ord
$$;

-- A request as jsonb, with the project demo and the actor viper-1.
create function tap.ask(op text, args jsonb default '{}', more jsonb default '{}') returns jsonb language sql as $$
    select jsonb_build_object('op', op, 'project', 'demo', 'actor', 'viper-1', 'args', args) || more
$$;

create function tap.note(n int, more jsonb default '{}') returns jsonb language sql as $$
    select tap.ask('append', jsonb_build_object('events', jsonb_build_array(
               jsonb_build_object('type', 'x.note', 'data', jsonb_build_object('n', n)))), more)
$$;

-- The project demo with the pilots viper-1 and raven-1.
create function tap.scene() returns void language sql as $$
    select tap.act(jsonb_build_array(
        tap.ask('register_project', '{"key": "demo"}'),
        tap.ask('register_pilot', '{"callsign": "viper-1", "program": "codex", "model": "m"}'),
        tap.ask('register_pilot', '{"callsign": "raven-1", "program": "codex", "model": "m"}')));
$$;

-- A request to reserve, and what holds the answer of the last one.
create function tap.want(actor text, patterns text[], more jsonb default '{}') returns jsonb language sql as $$
    select tap.ask('reserve', jsonb_build_object('patterns', patterns) || more, jsonb_build_object('actor', actor))
$$;

-- Giving back what a grant of the last batch said, with its token.
create function tap.give_back(reservation_id text) returns jsonb language sql as $$
    select tap.ask('release', jsonb_build_object('reservation_id', r.reservation_id), jsonb_build_object('actor', r.holder,
               'fence', jsonb_build_object('kind', 'reservation', 'id', r.reservation_id, 'token', r.token)))
      from fleet_state.reservations r where r.reservation_id = give_back.reservation_id
$$;

-- Time cannot be moved in a test, so the row is: as if it had been granted two hours ago and its holder silent since.
create function tap.lapse(reservation_id text) returns void language sql as $$
    update fleet_state.reservations r
       set expires_at = r.expires_at - interval '2 hours', extended_at = r.extended_at - interval '2 hours'
     where r.reservation_id = lapse.reservation_id;
    update fleet_live.pilots l set seen_at = l.seen_at - interval '2 hours'
     where l.callsign = (select r.holder from fleet_state.reservations r where r.reservation_id = lapse.reservation_id);
$$;

-- Who holds what, as "callsign pattern pattern".
create function tap.held() returns text[] language sql as $$
    select coalesce(array_agg(r.holder || ' ' || array_to_string(r.patterns, ' ') order by r.token), '{}')
      from fleet_state.reservations r where r.state = 'active'
$$;

-- One request of an operator's roles; a refusal is an error of the scene.
create function tap.must(project text, op text, actor text, args jsonb default '{}', fence jsonb default null) returns jsonb language plpgsql as $$
declare
    a record;
begin
    select * into a from fleet.act(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('op', op, 'project', project,
        'actor', actor, 'args', args, 'fence', fence, 'roles', '["operator"]'::jsonb))));
    if a.code is not null then
        raise exception '% of %: % %', op, actor, a.code, a.message using detail = coalesce(a.detail::text, '');
    end if;
    return a.result;
end $$;

-- Sorties by their names: requests, the fence of whoever has one, and what became of all of them.
create function tap.srt(called text) returns text language sql as $$
    select s.sortie_id from fleet_state.sorties s where s.name = called order by s.created_seq desc limit 1
$$;

create function tap.make(called text, more jsonb default '{}') returns jsonb language sql as $$
    select tap.ask('create_sortie', jsonb_build_object('name', called, 'title', 'Do ' || called) || more)
$$;

-- depends_on {"a": "success"} becomes ids.
create function tap.after(needs jsonb, more jsonb default '{}') returns jsonb language sql as $$
    select jsonb_build_object('depends_on', jsonb_agg(jsonb_build_object('id', tap.srt(key), 'mode', value) order by key)) || more
      from jsonb_each_text(needs)
$$;

create function tap.job(op text, called text, args jsonb default '{}', more jsonb default '{}') returns jsonb language sql as $$
    select tap.ask(op, jsonb_build_object('sortie_id', s.sortie_id) || args, jsonb_strip_nulls(jsonb_build_object('actor', s.pilot, 'fence',
               case when s.token is not null then jsonb_build_object('kind', 'sortie', 'id', s.sortie_id, 'token', s.token) end)) || more)
      from fleet_state.sorties s where s.sortie_id = tap.srt(called)
$$;

-- Runs one request and says its code, or ok; its row is answer(1).
create function tap.run(request jsonb) returns text language sql as $$
    select coalesce(a.code, 'ok') from tap.act(jsonb_build_array(request)) a
$$;

-- Claims, starts and does this with one sortie, step by step; says the first code that is not ok.
create function tap.steps(called text, variadic steps text[]) returns text language plpgsql as $$
declare
    step text;
    said text;
begin
    foreach step in array steps loop
        said := tap.run(tap.job(step, called, case step
            when 'claim_sortie' then '{}' when 'start_sortie' then '{}' when 'progress' then '{"percent": 40}'
            when 'block' then '{"reason": "why"}' when 'unblock' then '{"resolution": "so"}'
            when 'fail_sortie' then '{"error": {"kind": "test", "message": "2 tests fail"}}'
            when 'approve' then '{"verdict": "approved"}' else '{}' end::jsonb,
            case when step in ('claim_sortie', 'retry_sortie', 'cancel_sortie') then '{"actor": "viper-1"}'::jsonb else '{}' end));
        if said <> 'ok' then
            return step || ': ' || said;
        end if;
    end loop;
    return 'ok';
end $$;

-- The same where nothing is asked of the outcome: a line of "ok" would be taken for a test.
create function tap.does(request jsonb) returns void language sql as $$ select from tap.act(jsonb_build_array(request)) $$;
create function tap.goes(called text, variadic steps text[]) returns void language sql as $$ select from tap.steps(called, variadic steps) $$;

create function tap.states() returns text[] language sql as $$
    select coalesce(array_agg(s.name || ' ' || s.state order by s.created_seq), '{}') from fleet_state.sorties s
$$;

-- As if this sortie had been claimed two hours earlier, and its pilot silent since.
create function tap.lapse_sortie(called text) returns void language sql as $$
    update fleet_state.sorties s set assigned_at = s.assigned_at - interval '2 hours', signed_at = s.signed_at - interval '2 hours'
     where s.sortie_id = tap.srt(called);
    update fleet_live.pilots l set seen_at = l.seen_at - interval '2 hours'
     where l.callsign = (select s.pilot from fleet_state.sorties s where s.sortie_id = tap.srt(called));
$$;
