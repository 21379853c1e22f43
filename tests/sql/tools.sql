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
