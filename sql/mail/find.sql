-- Which message, which thread, whose mailbox.

-- Plans are made once a session, often over an empty table, where all indexes look equally good. So a query here can use
-- one index only: by its key alone, and the project is compared afterwards.

create function fleet_log.message_id_of(project text, given text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if length(given) >= 30 or given is null then
        return given;
    end if;
    return fleet_log.id_by_part(project, given, 'messages', 'message_id', 6);
end $$;
comment on function fleet_log.message_id_of is
    'The whole id of a message, given an unambiguous start of it or six or more of its last characters. Example: select fleet_log.message_id_of(''demo'', ''x7k2pq'')';

create function fleet_log.thread_id_of(project text, given text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if length(given) >= 30 or given is null then
        return given;
    end if;
    return fleet_log.id_by_part(project, given, 'threads', 'thread_id', 6);
end $$;
comment on function fleet_log.thread_id_of is
    'The whole id of a thread, given an unambiguous start of it or six or more of its last characters. Example: select fleet_log.thread_id_of(''demo'', ''x7k2pq'')';

create function fleet_log.find_message(w fleet_log.work, given text)
returns fleet_state.messages
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id constant text := fleet_log.message_id_of(w.project, given);
    found fleet_state.messages;
begin
    select * into found from fleet_state.messages m where m.message_id = id;
    return case when found.project = w.project then found end;
end $$;
comment on function fleet_log.find_message is
    'The message''s row, or nulls. Example, in a command: m := fleet_log.find_message(w, w.args ->> ''message_id'')';

create function fleet_log.find_thread(w fleet_log.work, given text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id constant text := fleet_log.thread_id_of(w.project, given);
begin
    return case when (select t.project from fleet_state.threads t where t.thread_id = id) = w.project then id end;
end $$;
comment on function fleet_log.find_thread is
    'The id of a thread that is there, or null. Example, in a command: thread := fleet_log.find_thread(w, w.args ->> ''thread_id'')';

create function fleet_log.mailbox_of(w fleet_log.work, m fleet_state.messages)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if w.actor = any(m.recipients) then
        return w.actor;
    elsif 'operator' = any(m.recipients) and 'operator' = any(w.roles) then
        return 'operator';
    end if;
    return null;
end $$;
comment on function fleet_log.mailbox_of is
    'In which mailbox the caller finds a message: its own, or the operators'' common one; null for none. Example, in a command: box := fleet_log.mailbox_of(w, m)';

create function fleet_log.squawk_recipients(project text, sender text, given text[], bounce_stale boolean)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    plain text[] := '{}';
    roles text[] := '{}';
    everybody boolean := false;
    name text;
    answer jsonb;
begin
    foreach name in array given loop
        if name = '*' then
            everybody := true;
        elsif starts_with(name, 'role:') then
            roles := roles || substr(name, 6);
        else
            plain := plain || name;
        end if;
    end loop;
    if everybody or cardinality(roles) > 0 then
        plain := plain || array(
            select p.callsign::text from fleet_state.pilots p
             where p.project = squawk_recipients.project and p.state in ('active', 'idle')
               and p.callsign <> squawk_recipients.sender and (everybody or p.role = any(roles)));
    end if;
    select jsonb_build_object(
               'to', coalesce(jsonb_agg(n.name order by n.name collate "C"), '[]'),
               'lost', coalesce(jsonb_agg(jsonb_build_object('callsign', n.name, 'reason', v.reason)
                                          order by n.name collate "C") filter (where v.reason is not null), '[]'))
      into answer
      from (select x.name, (select p.state from fleet_state.pilots p
                             where p.project = squawk_recipients.project and p.callsign = x.name) as state
              from (select distinct y.name from unnest(plain) y(name)) x) n
     cross join lateral (
           select case when n.name = 'operator' then null when n.state is null then 'unknown'
                       when n.state = 'deregistered' then 'deregistered'
                       when n.state = 'stale' and squawk_recipients.bounce_stale then 'stale' end as reason) v;
    return answer;
end $$;
comment on function fleet_log.squawk_recipients is
    'Who is meant by names, * and role:NAME, and who of them does not get it and why. Example: select fleet_log.squawk_recipients(''demo'', ''viper-1'', ''{raven-1,*}'', false)';
