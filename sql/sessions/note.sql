-- What happened in a session, and what there is to tell it: files touched, unread mail, promises that are open.

create function fleet_log.note_injection(
    w fleet_log.work, s fleet_live.agent_sessions, kind text, bytes int, messages text[] default null)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    pilot constant fleet_state.pilots := fleet_log.find_pilot(w, s.callsign);
begin
    if pilot.pilot_id is null then
        return w;
    end if;
    update fleet_live.agent_sessions t
       set injections = t.injections + 1, injected_bytes = t.injected_bytes + note_injection.bytes
     where t.client = s.client and t.session_id = s.session_id;
    return fleet_log.put(w, 'context_injected', 'context', 'context:' || pilot.pilot_id, jsonb_build_object(
        'pilot', s.callsign, 'kind', note_injection.kind, 'bytes', note_injection.bytes, 'client', s.client,
        'session_id', s.session_id, 'hook', w.args -> 'hook', 'messages', to_jsonb(messages)));
end $$;
comment on function fleet_log.note_injection is
    'Writes down that something was put into the context of a session. Example, in a command: w := fleet_log.note_injection(w, s, ''mail'', 420)';

create function fleet_log.note_touched(w fleet_log.work, s fleet_live.agent_sessions)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_live.touched_files as t (project, callsign, path, times, first_at, last_at, told)
    select s.project, s.callsign, f.path, count(*), w.at, w.at, false
      from jsonb_array_elements_text(w.args -> 'touched') f(path) group by f.path order by f.path
        on conflict on constraint touched_files_pkey do update
       set times = t.times + excluded.times, last_at = excluded.last_at, told = false;
end $$;
comment on function fleet_log.note_touched is
    'Keeps which files a session changed. Example, in note_session: perform fleet_log.note_touched(w, s)';

create function fleet_log.tell_touched(w fleet_log.work, s fleet_live.agent_sessions)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    asked constant jsonb := w.args;
    sortie fleet_state.sorties;
    files text[];
begin
    select * into sortie from fleet_state.sorties y
     where y.project = s.project and y.pilot = s.callsign and y.state = 'in_progress'
     order by y.assigned_at desc, y.sortie_id desc limit 1;
    if sortie.sortie_id is null then
        return w;
    end if;
    -- Only what was touched since the sortie is this pilot's: what came before belongs to other work.
    files := array(select t.path from fleet_live.touched_files t
                    where t.project = s.project and t.callsign = s.callsign and not t.told and t.last_at >= sortie.assigned_at
                    order by t.path limit 1000);
    if files = '{}' then
        return w;
    end if;
    w.args := jsonb_build_object('sortie_id', sortie.sortie_id, 'percent', sortie.progress, 'files_touched', to_jsonb(files));
    w := fleet_log.do_progress(w);
    w.args := asked;
    if w.code is not null then
        -- A sortie that cannot take progress now is no reason to refuse what the session reports.
        w.code := null; w.field := null; w.message := null; w.hint := null; w.detail := null;
        return w;
    end if;
    update fleet_live.touched_files t set told = true
     where t.project = s.project and t.callsign = s.callsign and t.path = any(files);
    return w;
end $$;
comment on function fleet_log.tell_touched is
    'Tells the log, as progress of the sortie at work, which files its pilot touched. Example, in note_session: w := fleet_log.tell_touched(w, s)';

create function fleet_log.mail_to_tell(s fleet_live.agent_sessions, most int)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The most important first; of equals the oldest.
    return array(select r.message_id from fleet_state.message_recipients r
                  where r.project = s.project and r.recipient = s.callsign and r.state = 'unread'
                    and not exists (select from fleet_live.told_mail t where t.client = s.client
                                       and t.session_id = s.session_id and t.message_id = r.message_id)
                  order by r.rank desc, r.sent_seq limit most);
end $$;
comment on function fleet_log.mail_to_tell is
    'Unread mail that a session was not shown yet. Example: select fleet_log.mail_to_tell(s, 3) from fleet_live.agent_sessions s';

create function fleet_log.tell_mail(w fleet_log.work, s fleet_live.agent_sessions)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    most constant int := (w.args ->> 'mail_max')::int;
    pause constant interval := make_interval(secs => coalesce((w.args ->> 'mail_pause_seconds')::int, 0));
    chosen text[] := '{}';
    items jsonb;
begin
    if s.mail_at is null or s.mail_at <= w.at - pause then
        chosen := fleet_log.mail_to_tell(s, most);
    end if;
    if chosen = '{}' then
        w.result := w.result || '{"mail": []}';
        return w;
    end if;
    insert into fleet_live.told_mail (client, session_id, message_id, told_at)
    select s.client, s.session_id, c.id, w.at from unnest(chosen) c(id);
    update fleet_live.agent_sessions t set mail_at = w.at where t.client = s.client and t.session_id = s.session_id;
    items := (select jsonb_agg(fleet_log.message_page(c.id, 1000) - '{body_digest,body_bytes,attachments}'::text[] order by c.n)
                from unnest(chosen) with ordinality c(id, n));
    w := fleet_log.note_injection(w, s, 'mail', (
        select sum(octet_length(coalesce(i ->> 'subject', '') || coalesce(i ->> 'body', '')))::int
          from jsonb_array_elements(items) i), chosen);
    w.result := w.result || jsonb_build_object('mail', items, 'mail_left', (
        select count(*) from fleet_state.message_recipients r
         where r.project = s.project and r.recipient = s.callsign and r.state = 'unread'
           and not exists (select from fleet_live.told_mail t where t.client = s.client
                              and t.session_id = s.session_id and t.message_id = r.message_id)));
    return w;
end $$;
comment on function fleet_log.tell_mail is
    'Unread mail for the context of a session, once each. Example, in note_session: w := fleet_log.tell_mail(w, s)';

create function fleet_log.promises_of(project text, callsign text, at timestamptz)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_build_object(
        'sorties', (select coalesce(jsonb_agg(jsonb_build_object('sortie_id', y.sortie_id, 'title', y.title, 'status', y.state,
                               'progress', y.progress, 'token', y.token) order by y.sortie_id), '[]')
                      from fleet_state.sorties y
                     where y.project = promises_of.project and y.pilot = promises_of.callsign
                       and y.state in ('assigned', 'in_progress', 'blocked')),
        'reservations', (select coalesce(jsonb_agg(jsonb_build_object('reservation_id', r.reservation_id, 'patterns', r.patterns,
                                    'mode', r.mode, 'token', r.token) order by r.reservation_id), '[]')
                           from (select * from fleet_state.reservations x
                                  where x.project = promises_of.project and x.holder = promises_of.callsign
                                    and x.state = 'active' order by x.reservation_id limit 100) r
                           left join fleet_live.pilots v on v.project = r.project and v.callsign = r.holder
                          where fleet.lease_until(r.expires_at, r.extended_at, r.ttl_seconds, v.seen_at) > promises_of.at),
        'work_orders', (select coalesce(jsonb_agg(jsonb_build_object('work_order_id', o.work_order_id, 'kind', o.kind)
                                   order by o.work_order_id), '[]')
                          from fleet_state.work_orders o
                         where o.state = 'claimed' and o.project = promises_of.project and o.claimed_by = promises_of.callsign));
end $$;
comment on function fleet_log.promises_of is
    'What a pilot has not finished or given back: sorties, files, work orders. Example: select fleet_log.promises_of(''demo'', ''viper-1'', now())';

create function fleet_log.tell_promises(w fleet_log.work, s fleet_live.agent_sessions)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    open jsonb := fleet_log.promises_of(s.project, s.callsign, w.at);
    digest constant text := md5(jsonb_path_query_array(open, '$.*[*].*')::text);
begin
    -- Once for the same promises: who was reminded and stops nevertheless has decided to keep them.
    if not jsonb_path_exists(open, '$.*[*]') or s.reminded = digest then
        w.result := w.result || '{"promises": null}';
        return w;
    end if;
    update fleet_live.agent_sessions t set reminded = digest where t.client = s.client and t.session_id = s.session_id;
    w := fleet_log.note_injection(w, s, 'promises', octet_length(open::text));
    w.result := w.result || jsonb_build_object('promises', open);
    return w;
end $$;
comment on function fleet_log.tell_promises is
    'What is still open when a session wants to stop, once for the same promises. Example, in note_session: w := fleet_log.tell_promises(w, s)';

create function fleet_log.do_note_session(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s constant fleet_live.agent_sessions := fleet_log.session_of(w);
begin
    if s.client is null or s.ended_at is not null or s.project <> w.project then
        return fleet_log.no_session(w);
    end if;
    w := fleet_log.own_session(w, s.project, s.callsign);
    if w.code is not null then
        return w;
    end if;
    w.actor := s.callsign;
    update fleet_live.pilots l set seen_at = greatest(l.seen_at, w.at) where l.project = s.project and l.callsign = s.callsign;
    if coalesce(w.args -> 'touched', '[]') <> '[]' then
        perform fleet_log.note_touched(w, s);
    end if;
    if (w.args ->> 'tell_touched')::boolean then
        w := fleet_log.tell_touched(w, s);
    end if;
    w.result := jsonb_build_object('project', s.project, 'callsign', s.callsign);
    if w.args ->> 'injected' is not null then
        w := fleet_log.note_injection(w, s, w.args ->> 'injected', coalesce((w.args ->> 'injected_bytes')::int, 0));
    end if;
    if coalesce((w.args ->> 'mail_max')::int, 0) > 0 then
        w := fleet_log.tell_mail(w, s);
    end if;
    if (w.args ->> 'promises')::boolean then
        w := fleet_log.tell_promises(w, s);
    end if;
    return w;
end $$;
comment on function fleet_log.do_note_session is
    'Command note_session: files touched, and what there is to tell the session. Example: select * from fleet.act(''[{"op":"note_session","project":"demo","args":{"client":"codex","session_id":"s-1","touched":["a.c"],"mail_max":3}}]'')';
