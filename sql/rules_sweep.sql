-- What a rule asks for that no event says: mail without its acknowledgement, blockers that nobody removes.

create function fleet_log.raised(importance text)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case importance when 'low' then 'normal' when 'normal' then 'high' else 'urgent' end;
end $$;
comment on function fleet_log.raised is 'One step more important. Example: select fleet_log.raised(''normal'')';

create function fleet_log.open_cases()
returns table (what text, case_id text, project text, since timestamptz, cause text, data jsonb, about jsonb)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
#variable_conflict use_column
begin
    -- Mail is a case once it was taken as overdue: a row in fleet_live.escalations; a blocker from its first second on.
    return query
    select 'mail_unanswered', c.case_id::text, m.project::text, t.ack_due_at::timestamptz,
           (select e.event_id::text from fleet_log.events e where e.seq = m.sent_seq),
           jsonb_build_object('message_id', m.message_id, 'from', m.sender, 'to', t.recipient, 'subject', m.subject,
               'importance', m.importance, 'sent_at', fleet_log.json_time(m.sent_at),
               'due_at', fleet_log.json_time(t.ack_due_at)),
           jsonb_strip_nulls(jsonb_build_object('title', m.subject, 'mission_id', m.mission_id, 'sortie_id', m.sortie_id,
               'priority', case m.importance when 'urgent' then 'critical' when 'normal' then 'medium'
                                             else m.importance end))
      from (select distinct x.case_id from fleet_live.escalations x where starts_with(x.case_id, 'msg_')) c
      join fleet_state.message_recipients t on t.message_id = split_part(c.case_id, ' ', 1)
                                           and t.recipient = split_part(c.case_id, ' ', 2) and t.awaits_ack
      join fleet_state.messages m on m.message_id = t.message_id
    union all
    select 'blocker_unanswered', s.sortie_id || ' ' || b.seq, s.project::text, s.blocked_at::timestamptz, b.event_id::text,
           jsonb_strip_nulls(jsonb_build_object('sortie_id', s.sortie_id, 'title', s.title, 'pilot', s.pilot,
               'reason', s.blocked_reason, 'blocker_type', s.blocker_type, 'blocker_id', s.blocker_id,
               'since', fleet_log.json_time(s.blocked_at))),
           jsonb_strip_nulls(jsonb_build_object('title', s.title, 'mission_id', s.mission_id, 'sortie_id', s.sortie_id,
               'priority', s.priority))
      from fleet_state.sorties s
     cross join lateral (select e.seq, e.event_id from fleet_log.events e
                          where e.stream_id = s.sortie_id and e.type = 'sortie_blocked'
                          order by e.stream_version desc limit 1) b
     where s.state = 'blocked';
end $$;
comment on function fleet_log.open_cases is
    'Mail and blockers that wait for an answer now. Example: select * from fleet_log.open_cases()';

create function fleet_log.sweep_rules(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    overdue text[];
    item record;
    first_notices int := 0;
    second_notices int := 0;
    fields jsonb;
begin
    -- Taken whether a rule asks or not, so that a rule set later does not bring up what is long past.
    select array_agg(u.message_id || ' ' || u.recipient) into overdue from fleet_log.unanswered_mail(w) u;
    if overdue is not null then
        -- notices 0: not told of yet.
        insert into fleet_live.escalations (rule, case_id, notices, told_at)
        select r.name, o.case_id, 0, w.at
          from unnest(overdue) o(case_id)
          join fleet_state.notification_rules r on r.state = 'enabled' and 'mail_unanswered' = any(r.types)
            on conflict do nothing;
    end if;
    if exists (select from fleet_state.notification_rules r
                where r.state = 'enabled' and r.types && '{mail_unanswered,blocker_unanswered}') then
        for item in
            select r, c.*, coalesce(x.notices, 0) as notices
              from fleet_log.open_cases() c
              join fleet_state.notification_rules r on r.state = 'enabled' and c.what = any(r.types)
                                                   and fleet_log.rule_wants(r, c.project, c.about, c.data)
              left join fleet_live.escalations x on x.rule = r.name and x.case_id = c.case_id
             where case when c.what = 'mail_unanswered' then x.notices = 0 when x.notices is null
                        then c.since + make_interval(secs => r.escalate_after_seconds) <= w.at else false end
                or (x.notices = 1 and x.told_at + make_interval(secs => r.escalate_after_seconds) <= w.at)
             order by c.project, c.case_id, r.name limit 500
        loop
            fields := item.data || item.about || jsonb_build_object('type', item.what, 'what',
                replace(item.what, '_', ' ') || case when item.notices = 1 then ', still' else '' end, 'data', item.data,
                'project', item.project, 'actor', coalesce(item.data ->> 'pilot', item.data ->> 'from', 'system'));
            w := fleet_log.tell(w, item.r, item.project, case item.notices when 1 then fleet_log.raised((item.r).importance)
                                                         else (item.r).importance end, fields, item.cause);
            insert into fleet_live.escalations as x (rule, case_id, notices, told_at)
            values ((item.r).name, item.case_id, 1, w.at)
                on conflict on constraint escalations_pkey do update set notices = item.notices + 1, told_at = w.at;
            first_notices := first_notices + (item.notices = 0)::int;
            second_notices := second_notices + (item.notices = 1)::int;
        end loop;
    end if;
    if exists (select from fleet_live.escalations) then
        delete from fleet_live.escalations x
         where not x.case_id = any(array(select c.case_id from fleet_log.open_cases() c))
            or not exists (select from fleet_state.notification_rules r where r.name = x.rule and r.state = 'enabled');
    end if;
    w.result := jsonb_build_object('unanswered', first_notices, 'still_unanswered', second_notices);
    return w;
end $$;
comment on function fleet_log.sweep_rules is
    'The rules'' part of the leader''s round: mail and blockers without an answer. Example, in sweep: w := fleet_log.sweep_rules(w)';
