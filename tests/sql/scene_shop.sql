-- A shop in the middle of its work, for docs/psql.md and for the tests of the views: `select tap.open_shop()`.

create function tap.shop(op text, actor text, args jsonb default '{}', fence jsonb default null) returns jsonb language sql as $$
    select tap.must('shop', op, actor, args, fence)
$$;

create function tap.sortie(mission text, name text, title text, more jsonb default '{}') returns text language sql as $$
    select tap.shop('create_sortie', 'ada', jsonb_build_object('mission_id', mission, 'name', name, 'title', title) || more) ->> 'sortie_id'
$$;

-- Claims and starts; the fence that the rest of the work needs.
create function tap.take(pilot text, id text) returns jsonb language plpgsql as $$
declare
    fence jsonb;
begin
    fence := jsonb_build_object('kind', 'sortie', 'id', id, 'token',
        tap.shop('claim_sortie', pilot, jsonb_build_object('sortie_id', id)) -> 'token');
    perform tap.shop('start_sortie', pilot, jsonb_build_object('sortie_id', id), fence);
    return fence;
end $$;

create function tap.on(op text, pilot text, fence jsonb, args jsonb default '{}') returns jsonb language sql as $$
    select tap.shop(op, pilot, jsonb_build_object('sortie_id', fence ->> 'id') || args, fence)
$$;

create function tap.needs(variadic ids text[]) returns jsonb language sql as $$
    select jsonb_build_object('depends_on', jsonb_agg(jsonb_build_object('id', i))) from unnest(ids) i
$$;

create function tap.shop_work() returns void language plpgsql as $$
declare
    checkout text := tap.shop('create_mission', 'ada', '{"title": "Checkout with invoices", "priority": "high"}') ->> 'mission_id';
    search text := tap.shop('create_mission', 'ada', '{"title": "Faster search"}') ->> 'mission_id';
    dark text := tap.shop('create_mission', 'ada', '{"title": "Dark mode", "priority": "low"}') ->> 'mission_id';
    schema text := tap.sortie(checkout, 'schema', 'Tables for invoices', '{"files": ["db/**"]}');
    api text := tap.sortie(checkout, 'api', 'Invoice endpoints', tap.needs(schema));
    pdf text := tap.sortie(checkout, 'pdf', 'Invoice as PDF', tap.needs(schema) || '{"role": "designer"}');
    tests text := tap.sortie(checkout, 'tests', 'End-to-end tests', tap.needs(api, pdf));
    payment text := tap.sortie(checkout, 'payment', 'Card payment', '{"priority": "critical"}');
    guide text := tap.sortie(checkout, 'guide', 'Guide for invoices', '{"max_attempts": 3}');
    index text := tap.sortie(search, 'index', 'Search index');
    theme text := tap.sortie(dark, 'theme', 'Colours as variables');
    fence jsonb;
begin
    perform tap.shop('start_mission', 'ada', jsonb_build_object('mission_id', m)) from unnest(array[checkout, search]) m;
    -- Many want the cart.
    for i in 1..2 loop
        perform tap.shop('reserve', p, '{"patterns": ["src/cart/**"]}'), tap.shop('release_all', p) from unnest('{raven-1,owl-1}'::text[]) p;
    end loop;
    -- The tables are done; one file was changed that nobody had reserved.
    fence := tap.take('viper-1', schema);
    perform tap.shop('reserve', 'viper-1', jsonb_build_object('patterns', '["db/**"]'::jsonb, 'sortie_id', schema));
    perform tap.on('progress', 'viper-1', fence, '{"percent": 60, "message": "tables made, seed data next"}');
    perform tap.on('complete_sortie', 'viper-1', fence, '{"summary": "Two tables and seed data.",
        "files_touched": ["db/001.sql", "db/seed.sql", "README.md"], "evidence": [{"command": "make test", "exit_code": 0}]}');
    -- The search is done and was looked at.
    fence := tap.take('owl-1', index);
    perform tap.shop('reserve', 'owl-1', jsonb_build_object('patterns', '["src/search/**"]'::jsonb, 'sortie_id', index));
    perform tap.on('request_review', 'owl-1', fence, '{"reviewer": "falcon-1", "summary": "Three times as fast.",
        "files_touched": ["src/search/index.ts"]}');
    perform tap.shop('review', 'falcon-1', jsonb_build_object('sortie_id', index, 'verdict', 'approved', 'feedback', 'nice'));
    -- The guide failed once, and its pilot fell silent in the second attempt.
    fence := tap.take('heron-1', guide);
    perform tap.on('fail_sortie', 'heron-1', fence, '{"error": {"kind": "build", "message": "the link checker is missing"}}');
    fence := tap.take('heron-1', guide);
    perform tap.shop('reserve', 'heron-1', '{"patterns": ["docs/**"]}');
    perform tap.on('progress', 'heron-1', fence, '{"percent": 30}');
    perform tap.shop('send_message', 'falcon-1', '{"to": ["heron-1"], "subject": "Screenshots", "body": "Please add some."}');
    update fleet_live.pilots set seen_at = seen_at - interval '20 minutes' where project = 'shop' and callsign in ('heron-1', 'owl-1');
    perform tap.shop('sweep', 'system');
    perform tap.shop('register_pilot', 'owl-1', '{"callsign": "owl-1", "program": "codex", "model": "gpt-5", "resume": true}');
    -- What goes on now.
    fence := tap.take('viper-1', api);
    perform tap.shop('reserve', 'viper-1', jsonb_build_object('patterns', '["src/api/**", "src/cart/**"]'::jsonb, 'sortie_id', api,
        'reason', 'invoice endpoints'));
    perform tap.on('progress', 'viper-1', fence, '{"percent": 40, "message": "list and show work"}');
    fence := tap.take('raven-1', payment);
    perform tap.on('block', 'raven-1', fence, '{"reason": "which provider, and who has the keys?", "blocker_type": "clarification", "blocker_id": "ada"}');
    perform tap.shop('reserve', 'raven-1', '{"patterns": ["src/cart/total.ts"], "wait_seconds": 3600, "priority": "high"}');
    perform fleet.act('[{"op": "reserve", "project": "shop", "actor": "owl-1", "args": {"patterns": ["src/cart/tax.ts"]}}]');
    perform tap.shop('halt', 'ada', jsonb_build_object('scope_kind', 'mission', 'scope_id', dark, 'reason', 'the design is not agreed'));
end $$;

create function tap.shop_talk() returns void language plpgsql as $$
declare
    question text;
begin
    perform tap.shop('send_message', 'raven-1', '{"to": ["viper-1"], "subject": "Rounding of totals", "body": "Half up or half even?",
        "importance": "high", "ack_required": true, "ack_seconds": 1800}');
    question := tap.shop('send_message', 'viper-1', '{"to": ["falcon-1"], "subject": "The new tables", "body": "Please have a look."}') ->> 'message_id';
    perform tap.shop('read_message', 'falcon-1', jsonb_build_object('message_id', question));
    perform tap.shop('send_message', 'falcon-1', jsonb_build_object('in_reply_to', question, 'body', 'An index on the date is missing.'));
end $$;

create function tap.shop_queue() returns void language plpgsql as $$
declare
    o jsonb;
begin
    perform tap.shop('enqueue', 'ada', '{"kind": "deploy", "priority": "high", "max_attempts": 1}');
    o := tap.shop('claim_work', 'falcon-1') #> '{orders,0}';
    perform tap.shop('fail_work', 'falcon-1', jsonb_build_object('work_order_id', o ->> 'work_order_id', 'error',
        '{"kind": "denied", "message": "no credentials for the registry"}'::jsonb),
        jsonb_build_object('kind', 'work_order', 'id', o ->> 'work_order_id', 'token', o -> 'token'));
    perform tap.shop('enqueue', 'ada', '{"kind": "lint", "payload": {"path": "src/api"}}');
    perform tap.shop('claim_work', 'owl-1');
    perform tap.shop('enqueue', 'ada', '{"kind": "lint", "payload": {"path": "src/cart"}}');
    perform tap.shop('enqueue', 'ada', '{"kind": "report", "delay_seconds": 7200}');
end $$;

create function tap.open_shop() returns void language plpgsql as $$
begin
    perform tap.shop('register_project', 'ada', '{"key": "shop"}');
    perform tap.shop('register_pilot', p[1], jsonb_build_object('callsign', p[1], 'program', p[2], 'model', p[3], 'role', p[4]))
       from (values (array['viper-1', 'claude-code', 'opus', 'implementer']), (array['raven-1', 'codex', 'gpt-5', 'implementer']),
                    (array['falcon-1', 'claude-code', 'opus', 'reviewer']), (array['heron-1', 'opencode', 'small', 'writer']),
                    (array['owl-1', 'codex', 'gpt-5', 'implementer'])) x(p);
    perform tap.shop_work();
    perform tap.shop_talk();
    perform tap.shop_queue();
    perform tap.shop('halt', 'ada', '{"scope_kind": "project", "scope_id": "shop", "reason": "release day"}');
    perform tap.shop('lift_halt', 'ada', '{"scope_kind": "project", "scope_id": "shop", "reason": "released"}');
    perform tap.shop('append', p[1], jsonb_build_object('events', jsonb_build_array(jsonb_build_object('type', 'usage_recorded',
                'data', jsonb_build_object('pilot', p[1], 'model', p[2], 'input_tokens', p[3]::int, 'output_tokens', p[4]::int,
                                           'cost_micros', p[5]::int, 'source', 'hook')))))
       from (values (array['viper-1', 'opus', '120000', '8500', '2400000']), (array['viper-1', 'opus', '80000', '4000', '1500000']),
                    (array['raven-1', 'gpt-5', '60000', '9000', '700000'])) x(p);
    perform fleet.advance_cursor('shop', 'ci', (select h.seq - 5 from fleet.head() h));
    perform fleet.advance_cursor('shop', 'dashboard', (select h.seq from fleet.head() h));
end $$;
