-- folds of the families halt and notification_rule.

create function fleet_state.fold_halt(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.halts as t (halt_id, scope_kind, scope_id, project, halted, reason, halted_by, halted_at,
        lifted_by, lifted_at, lift_reason, version, last_seq)
    select g.stream_id, g.last_data #>> '{scope,kind}',
           coalesce(g.last_data #>> '{scope,id}', g.last_data #>> '{scope,project}', ''),
           coalesce(g.last_data #>> '{scope,project}', ''), g.last_type = 'fleet_halted',
           case when g.halted is null then o.reason else g.halted ->> 'reason' end,
           case when g.halted is null then o.halted_by else g.halted ->> 'by' end,
           coalesce(g.halted_at, o.halted_at, g.last_at),
           case when g.last_type = 'fleet_resumed' then g.last_data ->> 'by' end,
           case when g.last_type = 'fleet_resumed' then g.last_at end,
           case when g.last_type = 'fleet_resumed' then g.last_data ->> 'reason' end, g.version, g.last_seq
      from (select e.stream_id, max(e.stream_version) as version, max(e.seq) as last_seq, max(e.recorded_at) as last_at,
                   (array_agg(e.type order by e.seq desc))[1] as last_type,
                   (array_agg(e.data order by e.seq desc))[1] as last_data,
                   (array_agg(e.data order by e.seq desc) filter (where e.type = 'fleet_halted'))[1] as halted,
                   max(e.recorded_at) filter (where e.type = 'fleet_halted') as halted_at
              from fleet_log.events e
             where e.seq between fold_halt.from_seq and fold_halt.to_seq and e.stream_type = 'halt'
               and e.type in ('fleet_halted', 'fleet_resumed')
             group by e.stream_id) g
      left join fleet_state.halts o on o.halt_id = g.stream_id
     order by g.stream_id
        on conflict (halt_id) do update
       set halted = excluded.halted, reason = excluded.reason, halted_by = excluded.halted_by,
           halted_at = excluded.halted_at, lifted_by = excluded.lifted_by, lifted_at = excluded.lifted_at,
           lift_reason = excluded.lift_reason, version = excluded.version, last_seq = excluded.last_seq;
end $$;
comment on function fleet_state.fold_halt is
    'Folds the halt events of a range. Example: select fleet_state.fold_halt(1, 100)';

create function fleet_state.fold_notification_rule(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- What was set last, in the range or before it; a removal leaves the rest of the row as it was.
    insert into fleet_state.notification_rules as t (name, state, types, project, mission_id, min_priority, contains,
        recipients, importance, subject, body, escalate_after_seconds, set_by, set_at, version, last_seq)
    select coalesce(g.rule ->> 'name', o.name),
           case when g.last_type = 'notification_rule_removed' then 'removed'
                when (g.rule ->> 'enabled')::boolean then 'enabled' else 'disabled' end,
           case when g.rule is null then o.types else array(select jsonb_array_elements_text(g.rule -> 'types')) end,
           case when g.rule is null then o.project else g.rule ->> 'project' end,
           case when g.rule is null then o.mission_id else g.rule ->> 'mission_id' end,
           case when g.rule is null then o.min_priority else g.rule ->> 'min_priority' end,
           case when g.rule is null then o.contains else coalesce(g.rule -> 'contains', '{}') end,
           case when g.rule is null then o.recipients else array(select jsonb_array_elements_text(g.rule -> 'to')) end,
           case when g.rule is null then o.importance else g.rule ->> 'importance' end,
           case when g.rule is null then o.subject else g.rule ->> 'subject' end,
           case when g.rule is null then o.body else g.rule ->> 'body' end,
           case when g.rule is null then o.escalate_after_seconds else (g.rule ->> 'escalate_after_seconds')::int end,
           g.last_by, g.last_at, g.version, g.last_seq
      from (select e.stream_id, max(e.stream_version) as version, max(e.seq) as last_seq, max(e.recorded_at) as last_at,
                   (array_agg(e.type order by e.seq desc))[1] as last_type,
                   (array_agg(e.data ->> 'by' order by e.seq desc))[1] as last_by,
                   (array_agg(e.data -> 'rule' order by e.seq desc) filter (where e.type = 'notification_rule_set'))[1]
                       as rule
              from fleet_log.events e
             where e.seq between fold_notification_rule.from_seq and fold_notification_rule.to_seq
               and e.stream_type = 'notification_rule' and e.type in ('notification_rule_set', 'notification_rule_removed')
             group by e.stream_id) g
      left join fleet_state.notification_rules o on o.name = substr(g.stream_id, length('rule:') + 1)
     order by g.stream_id
        on conflict (name) do update
       set state = excluded.state, types = excluded.types, project = excluded.project,
           mission_id = excluded.mission_id, min_priority = excluded.min_priority, contains = excluded.contains,
           recipients = excluded.recipients, importance = excluded.importance, subject = excluded.subject,
           body = excluded.body, escalate_after_seconds = excluded.escalate_after_seconds, set_by = excluded.set_by,
           set_at = excluded.set_at, version = excluded.version, last_seq = excluded.last_seq;
end $$;
comment on function fleet_state.fold_notification_rule is
    'Folds the rule events of a range. Example: select fleet_state.fold_notification_rule(1, 100)';
