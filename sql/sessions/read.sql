-- What the faces list and show of sessions; lists.sql has the rules.

create function fleet.list_sessions(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.client || ' ' || i.session_id from fleet_log.session_items i
     where (nullif(filter ->> 'project', '') is null or i.project = filter ->> 'project')
       and (filter ->> 'callsign' is null or i.callsign = filter ->> 'callsign')
       and (filter ->> 'client' is null or i.client = filter ->> 'client')
       and i.item ->> 'status' = any(coalesce(fleet_log.words(filter, 'status'), '{open,silent}'))
       and (filter ->> 'after' is null or i.client || ' ' || i.session_id > filter ->> 'after')
     order by (i.client || ' ' || i.session_id) collate "C" limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_sessions is
    'Sessions as JSON: project, callsign, client, status (default open,silent), limit, after. Example: select * from fleet.list_sessions(''{"project":"demo"}'')';

create function fleet.show_session(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
begin
    return query
    select (i.item || jsonb_build_object(
               'promises', fleet_log.promises_of(i.project, i.callsign, clock_timestamp()),
               'unread', (select count(*) from fleet_state.message_recipients r
                           where r.project = i.project and r.recipient = i.callsign and r.state = 'unread'),
               'touched', (select coalesce(jsonb_agg(t.path order by t.last_at desc, t.path), '[]')
                             from (select x.path, x.last_at from fleet_live.touched_files x
                                    where x.project = i.project and x.callsign = i.callsign and x.last_at >= i.started_at
                                    order by x.last_at desc, x.path limit 200) t)))::text, i.session_id::text
      from fleet_log.session_items i
     where i.client = filter ->> 'client' and i.session_id = filter ->> 'session_id';
end $$;
comment on function fleet.show_session is
    'One session as JSON, with what its pilot promised, its unread mail and the files it touched. Example: select * from fleet.show_session(''{"client":"codex","session_id":"s-1"}'')';

create function fleet.session_binding(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
begin
    return query
    select jsonb_strip_nulls(jsonb_build_object('project', s.project, 'callsign', s.callsign, 'worktree', s.worktree,
               'cwd', s.cwd, 'is_open', s.ended_at is null, 'has_mail', (
                   select true from fleet_state.message_recipients r
                    where r.project = s.project and r.recipient = s.callsign and r.state = 'unread'
                      and not exists (select from fleet_live.told_mail t where t.client = s.client
                                         and t.session_id = s.session_id and t.message_id = r.message_id) limit 1)))::text,
           s.session_id::text
      from fleet_live.agent_sessions s
     where s.client = filter ->> 'client' and s.session_id = filter ->> 'session_id';
end $$;
comment on function fleet.session_binding is
    'Which pilot a session is, and whether there is mail that it was not shown. Example: select item from fleet.session_binding(''{"client":"codex","session_id":"s-1"}'')';
