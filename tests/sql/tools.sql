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
