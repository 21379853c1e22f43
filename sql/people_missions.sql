-- Wrappers for people at psql: missions and sorties.

create function fleet.create_mission(
    project text, actor text, title text, description text default null, priority text default null,
    on_failure text default null, max_failures int default null, deadline timestamptz default null,
    require_review boolean default null, complete_by_itself boolean default null)
returns table (ok boolean, mission_id text, status text, percent int, sorties text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'mission_id', a.result ->> 'status', (a.result ->> 'progress')::int,
           (a.result #>> '{counts,total}'), a.code, a.message, a.hint
      from fleet_log.ask('create_mission', $1, $2, jsonb_build_object('title', $3, 'description', $4, 'priority', $5,
               'on_failure', $6, 'max_failures', $7, 'deadline', fleet_log.json_time($8), 'require_review', $9,
               'complete_by_itself', $10)) a
$$;
comment on function fleet.create_mission is
    'Sets a goal; its sorties come next. Example: select * from fleet.create_mission(''demo'', ''viper-1'', ''Parser for the new grammar'')';

create function fleet.start_mission(project text, actor text, mission_id text)
returns table (ok boolean, mission_id text, status text, percent int, sorties text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'mission_id', a.result ->> 'status', (a.result ->> 'progress')::int,
           (a.result #>> '{counts,total}'), a.code, a.message, a.hint
      from fleet_log.ask('start_mission', $1, $2, jsonb_build_object('mission_id', $3)) a
$$;
comment on function fleet.start_mission is
    'Begins: its sorties without open dependencies are ready. Example: select * from fleet.start_mission(''demo'', ''viper-1'', ''msn_01…'')';

create function fleet.complete_mission(project text, actor text, mission_id text, summary text default null)
returns table (ok boolean, mission_id text, status text, percent int, sorties text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'mission_id', a.result ->> 'status', (a.result ->> 'progress')::int,
           (a.result #>> '{counts,total}'), a.code, a.message, a.hint
      from fleet_log.ask('complete_mission', $1, $2, jsonb_build_object('mission_id', $3, 'summary', $4)) a
$$;
comment on function fleet.complete_mission is
    'Completes a mission whose sorties have all ended. Example: select * from fleet.complete_mission(''demo'', ''viper-1'', ''msn_01…'', ''all tests pass'')';

create function fleet.review_mission(project text, actor text, mission_id text, verdict text, feedback text default null)
returns table (ok boolean, mission_id text, status text, percent int, sorties text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'mission_id', a.result ->> 'status', (a.result ->> 'progress')::int,
           (a.result #>> '{counts,total}'), a.code, a.message, a.hint
      from fleet_log.ask('review_mission', $1, $2, jsonb_build_object('mission_id', $3, 'verdict', $4, 'feedback', $5)) a
$$;
comment on function fleet.review_mission is
    'Gives the verdict on a mission in review. Example: select * from fleet.review_mission(''demo'', ''raven-1'', ''msn_01…'', ''approved'')';

create function fleet.fail_mission(project text, actor text, mission_id text, reason text)
returns table (ok boolean, mission_id text, status text, percent int, sorties text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'mission_id', a.result ->> 'status', (a.result ->> 'progress')::int,
           (a.result #>> '{counts,total}'), a.code, a.message, a.hint
      from fleet_log.ask('fail_mission', $1, $2, jsonb_build_object('mission_id', $3, 'reason', $4)) a
$$;
comment on function fleet.fail_mission is
    'Gives a mission up; its open sorties are cancelled. Example: select * from fleet.fail_mission(''demo'', ''viper-1'', ''msn_01…'', ''no budget'')';

create function fleet.cancel_mission(project text, actor text, mission_id text, reason text default null)
returns table (ok boolean, mission_id text, status text, percent int, sorties text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'mission_id', a.result ->> 'status', (a.result ->> 'progress')::int,
           (a.result #>> '{counts,total}'), a.code, a.message, a.hint
      from fleet_log.ask('cancel_mission', $1, $2, jsonb_build_object('mission_id', $3, 'reason', $4)) a
$$;
comment on function fleet.cancel_mission is
    'Cancels a mission and its open sorties. Example: select * from fleet.cancel_mission(''demo'', ''viper-1'', ''msn_01…'', ''not wanted'')';

create function fleet.create_sortie(
    project text, actor text, title text, mission_id text default null, name text default null,
    depends_on text[] default '{}', mode text default null, join_mode text default null, condition text default null,
    priority text default null, files text[] default '{}', role text default null, capabilities text[] default '{}',
    max_attempts int default null, timeout_seconds int default null, description text default null)
returns table (ok boolean, sortie_id text, title text, status text, why_not text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'sortie_id', a.result ->> 'title', a.result ->> 'status', a.result ->> 'why_not',
           a.code, a.message, a.hint
      from fleet_log.ask('create_sortie', $1, $2, jsonb_build_object('title', $3, 'mission_id', $4, 'name', $5, 'depends_on', (
               select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', d, 'mode', $7))), '[]') from unnest($6) d),
               'join', $8, 'condition', $9, 'priority', $10, 'files', $11, 'role', $12, 'capabilities', $13,
               'max_attempts', $14, 'timeout_seconds', $15, 'description', $16)) a
$$;
comment on function fleet.create_sortie is
    'Adds a piece of work for one pilot; depends_on takes ids, or names in the mission. Example: select * from fleet.create_sortie(''demo'', ''viper-1'', ''Write the tests'', ''msn_01…'', ''tests'', ''{parser}'')';

create function fleet.claim_sortie(
    project text, actor text, sortie_id text default null, mission_id text default null, role text default null,
    lease_seconds int default null)
returns table (ok boolean, sortie_id text, title text, token bigint, lease_until text, files text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'sortie_id', a.result ->> 'title', (a.result ->> 'token')::bigint,
           a.result ->> 'lease_until', a.result ->> 'files', a.code, a.message, a.hint
      from fleet_log.ask('claim_sortie', $1, $2, jsonb_build_object('sortie_id', $3, 'mission_id', $4, 'role', $5,
               'lease_seconds', $6)) a
$$;
comment on function fleet.claim_sortie is
    'Takes a sortie: the one named, or the best that is ready and fits. Keep the token. Example: select * from fleet.claim_sortie(''demo'', ''viper-1'')';

create function fleet.start_sortie(project text, actor text, sortie_id text, token bigint)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('start_sortie', $1, $2, jsonb_build_object('sortie_id', $3),
               jsonb_build_object('kind', 'sortie', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.start_sortie is
    'Says that its pilot begins. Example: select * from fleet.start_sortie(''demo'', ''viper-1'', ''srt_01…'', 42)';

create function fleet.progress(
    project text, actor text, sortie_id text, token bigint, percent int, message text default null,
    files_touched text[] default '{}')
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('progress', $1, $2, jsonb_build_object('sortie_id', $3, 'percent', $5, 'message', $6, 'files_touched', $7),
               jsonb_build_object('kind', 'sortie', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.progress is
    'Says how far it is. Example: select * from fleet.progress(''demo'', ''viper-1'', ''srt_01…'', 42, 50, ''half of it'')';

create function fleet.block(
    project text, actor text, sortie_id text, token bigint, reason text, blocker_type text default null, blocker_id text default null)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('block', $1, $2, jsonb_build_object('sortie_id', $3, 'reason', $5, 'blocker_type', $6, 'blocker_id', $7),
               jsonb_build_object('kind', 'sortie', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.block is
    'Says that it cannot go on. Example: select * from fleet.block(''demo'', ''viper-1'', ''srt_01…'', 42, ''the key is missing'')';

create function fleet.unblock(project text, actor text, sortie_id text, token bigint, resolution text)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('unblock', $1, $2, jsonb_build_object('sortie_id', $3, 'resolution', $5),
               jsonb_build_object('kind', 'sortie', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.unblock is
    'Goes on. Example: select * from fleet.unblock(''demo'', ''viper-1'', ''srt_01…'', 42, ''the key is there'')';

create function fleet.request_review(
    project text, actor text, sortie_id text, token bigint, reviewer text default null, summary text default null,
    files_touched text[] default '{}', result jsonb default null)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('request_review', $1, $2, jsonb_build_object('sortie_id', $3, 'reviewer', $5, 'summary', $6, 'files_touched', $7, 'result', $8),
               jsonb_build_object('kind', 'sortie', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.request_review is
    'Hands the work in for a verdict. Example: select * from fleet.request_review(''demo'', ''viper-1'', ''srt_01…'', 42, ''raven-1'', ''all tests pass'')';

create function fleet.complete_sortie(
    project text, actor text, sortie_id text, token bigint, summary text default null, files_touched text[] default '{}',
    result jsonb default null, evidence jsonb default null)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('complete_sortie', $1, $2, jsonb_build_object('sortie_id', $3, 'summary', $5, 'files_touched', $6, 'result', $7, 'evidence', $8),
               jsonb_build_object('kind', 'sortie', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.complete_sortie is
    'It is done; its files are free. Example: select * from fleet.complete_sortie(''demo'', ''viper-1'', ''srt_01…'', 42, ''all tests pass'')';

create function fleet.fail_sortie(
    project text, actor text, sortie_id text, token bigint, message text, kind text default 'error', final boolean default null)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('fail_sortie', $1, $2, jsonb_build_object('sortie_id', $3, 'error', jsonb_build_object('kind', $6, 'message', $5), 'final', $7),
               jsonb_build_object('kind', 'sortie', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.fail_sortie is
    'The attempt failed; pending again while attempts last. Example: select * from fleet.fail_sortie(''demo'', ''viper-1'', ''srt_01…'', 42, ''2 tests fail'', ''test'')';

create function fleet.return_sortie(project text, actor text, sortie_id text, token bigint)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('return_sortie', $1, $2, jsonb_build_object('sortie_id', $3),
               jsonb_build_object('kind', 'sortie', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.return_sortie is
    'Gives it back for others. Example: select * from fleet.return_sortie(''demo'', ''viper-1'', ''srt_01…'', 42)';

create function fleet.review(project text, actor text, sortie_id text, verdict text, feedback text default null)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('review', $1, $2, jsonb_build_object('sortie_id', $3, 'verdict', $4, 'feedback', $5)) a
$$;
comment on function fleet.review is
    'Gives the verdict on somebody else''s work. Example: select * from fleet.review(''demo'', ''raven-1'', ''srt_01…'', ''approved'')';

create function fleet.retry_sortie(project text, actor text, sortie_id text)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('retry_sortie', $1, $2, jsonb_build_object('sortie_id', $3)) a
$$;
comment on function fleet.retry_sortie is
    'Makes a failed sortie pending again. Example: select * from fleet.retry_sortie(''demo'', ''viper-1'', ''srt_01…'')';

create function fleet.cancel_sortie(project text, actor text, sortie_id text, reason text default null)
returns table (ok boolean, status text, percent int, lease_until text, violated text, mission text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', (a.result ->> 'progress')::int, a.result ->> 'lease_until',
           a.result ->> 'violated', a.result #>> '{mission,status}', a.code, a.message, a.hint
      from fleet_log.ask('cancel_sortie', $1, $2, jsonb_build_object('sortie_id', $3, 'reason', $4)) a
$$;
comment on function fleet.cancel_sortie is
    'Cancels a sortie; its files are free. Example: select * from fleet.cancel_sortie(''demo'', ''viper-1'', ''srt_01…'', ''done elsewhere'')';
