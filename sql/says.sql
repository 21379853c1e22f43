-- What an event says, in a line that a person reads: a template a type, filled from its data. What a view calls is called
-- by the view's reader: such a function calls nothing of ours, or is a security definer.

create function fleet_log.line_of(type text)
returns text
language sql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
    -- {field} is its value, {a.b} that of a member, {field|time} of seconds and {field|ms} of milliseconds in words,
    -- {field|clock} a time of day. A part in [brackets] is left out if a field in it is absent. {subject} is the name
    -- of what the event is about.
    select case line_of.type
    when 'project_registered' then '{name}[ from {vcs_url}]'
    when 'project_archived' then '{subject}[: {reason}]'
    when 'host_joined' then '{hostname}, version {version}[, process {pid}]'
    when 'host_left' then '{subject}: {reason}'
    when 'pilot_registered' then '{callsign}: {program} {model}[, {role}]'
    when 'pilot_status_changed' then '{from} → {to}[, on {current_sortie}]'
    when 'pilot_capabilities_changed' then '{subject}:[ + {added}][ - {removed}][: {evidence}]'
    when 'checkpoint_created' then '{trigger}[: {error_kind}][ “{name}”] at {progress_percent} %'
    when 'checkpoint_restored' then 'by {by}: {restored.sorties} sorties, {restored.reservations} reservations'
    when 'checkpoint_deleted' then '{reason}, by {by}'
    when 'fleet_recovered' then 'from {checkpoint_id}[: {messages} messages again]'
    when 'context_compacted' then '{pilot}[: {size_before} tokens][ to {size_after}]'
    when 'context_injected' then '{kind} for {pilot}[ at {hook}], {bytes} bytes'
    when 'ruling_recorded' then '{by}: {text}'
    when 'ruling_revoked' then '{subject}, by {by}[: {reason}]'
    when 'pilot_stale' then '{subject}: silent since {last_seen_at|clock}'
    when 'pilot_deregistered' then '{subject}: {reason}[, {final_status}]'
    when 'pilot_spawned' then '{run_id}: {command}'
    when 'pilot_terminated' then '{run_id}: {reason}[, exit {exit_code}][, signal {signal}] after {wall_ms|ms}'
    when 'message_sent' then '“{subject}” to {to}[, {importance}]'
    when 'message_read' then '“{subject}”[, by {reader}]'
    when 'message_acked' then '“{subject}”[, by {acker}]'
    when 'message_updated' then '“{subject}”[: {reason}]'
    when 'message_requeued' then '“{subject}”: {recipient} is there again'
    when 'message_bounced' then '“{subject}”: {recipient} is {reason}'
    when 'thread_created' then '“{title}”[ with {participants}]'
    when 'file_reserved' then '{holder}: {patterns}, {mode}, for {ttl_seconds|time}[: {reason}]'
    when 'file_reservation_extended' then '{holder}: {subject} until {expires_at|clock}'
    when 'file_wait_started' then '{holder}: {patterns} until {deadline|clock}'
    when 'file_wait_ended' then '[{holder}: ]{outcome} after {waited_ms|ms}'
    when 'file_released' then '{holder}: {subject}, {cause}, after {held_ms|ms}'
    when 'file_reservation_forced' then '{by} took {subject} from {holder}: {reason}'
    when 'file_conflict' then '{patterns} {resolution}[: {conflicts.holder} in the way]'
    when 'mission_created' then '“{title}”, {priority}'
    when 'mission_updated' then '“{subject}”[ is now “{changes.title}”][, {changes.priority}]'
    when 'mission_started' then '“{subject}”'
    when 'mission_completed' then '“{subject}” after {duration_ms|ms}'
    when 'mission_failed' then '“{subject}”: {reason}[: {error.message}]'
    when 'mission_cancelled' then '“{subject}”[: {reason}]'
    when 'mission_review_requested' then '“{subject}”[: {summary}]'
    when 'mission_review_completed' then '“{subject}” {verdict}[: {feedback}]'
    when 'mission_progressed' then '“{subject}” {percent} %'
    when 'sortie_created' then '“{title}”, {priority}'
    when 'sortie_assigned' then '“{subject}” to {pilot} for {lease_seconds|time}'
    when 'sortie_started' then '“{subject}”[ by {pilot}]'
    when 'sortie_progress' then '“{subject}” {percent} %[: {message}]'
    when 'sortie_blocked' then '“{subject}” by {blocker_type}: {reason}'
    when 'sortie_unblocked' then '“{subject}”[: {resolution}]'
    when 'sortie_review_requested' then '“{subject}”[ of {reviewer}]'
    when 'review_completed' then '“{subject}” {verdict}[: {feedback}]'
    when 'sortie_completed' then '“{subject}” after {duration_ms|ms}'
    when 'sortie_failed' then '“{subject}”: {error.kind}: {error.message}'
    when 'sortie_requeued' then '“{subject}”: {cause}[, attempt {attempt}]'
    when 'sortie_cancelled' then '“{subject}”[: {reason}]'
    when 'sortie_skipped' then '“{subject}”[: {reason}]'
    when 'sortie_updated' then '“{subject}”[ is now “{changes.title}”][, {changes.priority}]'
    when 'sortie_scope_violated' then '“{subject}”: {files} not reserved'
    when 'work_order_created' then '{kind}, {priority}[, for {role}][, not before {run_after|clock}]'
    when 'work_order_claimed' then '{subject} by {by}[, attempt {attempt}]'
    when 'work_order_completed' then '{subject}'
    when 'work_order_failed' then '{subject}[, attempt {attempt}]: [{error.kind}: ]{error.message}'
    when 'work_order_requeued' then '{subject}: {cause}[, not before {run_after|clock}]'
    when 'work_order_cancelled' then '{subject}[: {reason}]'
    when 'fleet_halted' then '{scope.kind}[ {scope.id}]: {reason}'
    when 'fleet_resumed' then '{scope.kind}[ {scope.id}][: {reason}]'
    when 'notification_rule_set' then '{rule.name}'
    when 'notification_rule_removed' then '{name}'
    when 'body_redacted' then '{event_id} by {by}: {reason}'
    when 'usage_recorded' then '{pilot}: {model}, {input_tokens} tokens in, {output_tokens} out'
    when 'budget_set' then '{scope.kind}[ {scope.id}], {scope.period}:[ {limit_tokens} tokens][ {limit_micros} millionths][: {reason}]'
    when 'budget_removed' then '{scope.kind}[ {scope.id}], {scope.period}[: {reason}]'
    when 'budget_warned' then '{scope.kind}[ {scope.id}][, {day}]: {used_tokens}[ of {limit_tokens}] tokens used'
    when 'budget_stopped' then '{scope.kind}[ {scope.id}][, {day}]: used up, {used_tokens}[ of {limit_tokens}] tokens'
    when 'price_set' then '{model} from {valid_from}'
    when 'price_removed' then '{model} from {valid_from}'
    end
$$;
comment on function fleet_log.line_of is
    'The template of a type''s line. Example: select fleet_log.line_of(''file_released'')';

create function fleet_log.say_value(data jsonb, field text, kind text)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    -- Lax: a member of a list's elements is found in all of them, and a single value is a list of one.
    words text := (select string_agg(v #>> '{}', ', ')
                     from jsonb_path_query(say_value.data, ('lax $.' || say_value.field || '[*]')::jsonpath) v);
begin
    return case
        when words is null or words = '' then null
        when say_value.kind = 'time' then fleet.time_words(words::numeric)
        when say_value.kind = 'ms' then fleet.time_words(round(words::numeric / 1000))
        when say_value.kind = 'clock' then to_char(words::timestamptz, 'HH24:MI:SS')
        -- Of an id people read the end.
        when words ~ '^[a-z]{2,4}_[0-7][0-9a-hjkmnp-tv-z]{25}$' then '…' || right(words, 6)
        else words end;
end $$;
comment on function fleet_log.say_value is
    'One field for people. Example: select fleet_log.say_value(''{"a":[{"b":1},{"b":2}]}'', ''a.b'', null)';

create function fleet_log.subject_of(stream_id text)
returns text
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- What an entity is called stands in its first event, whatever its kind.
    return (select coalesce(e.data ->> 'title', e.data ->> 'subject', e.data ->> 'callsign', e.data ->> 'hostname',
                            e.data ->> 'name', e.data ->> 'kind',
                            (select string_agg(p, ', ') from jsonb_array_elements_text(e.data -> 'patterns') p))
              from fleet_log.events e
             where e.stream_id = subject_of.stream_id and e.stream_version = 1
             order by e.seq limit 1);
end $$;
comment on function fleet_log.subject_of is
    'What people call a stream: title, callsign, patterns. Example: select fleet_log.subject_of(stream_id) from fleet.events';

create function fleet_log.says(type text, data jsonb, subject text default null)
returns text
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    template text := fleet_log.line_of(says.type);
    known jsonb := says.data || jsonb_build_object('subject', coalesce(says.subject, says.data ->> 'subject', '?'));
    whole text := '';
    part text;
    hole text[];
    value text;
    absent boolean;
begin
    if template is null then
        -- Events of your own: the payload without its punctuation.
        return regexp_replace(says.data::text, '[{}"]', '', 'g');
    end if;
    for part in select m[1] from regexp_matches(template, '(\[[^]]*\]|[^[]+)', 'g') m loop
        absent := false;
        for hole in select m from regexp_matches(part, '(\{([a-z_.]+)\|?([a-z]*)\})', 'g') m loop
            value := fleet_log.say_value(known, hole[2], hole[3]);
            absent := absent or value is null;
            part := replace(part, hole[1], coalesce(value, '–'));
        end loop;
        if part not like '[%' then
            whole := whole || part;
        elsif not absent then
            whole := whole || substr(part, 2, length(part) - 2);
        end if;
    end loop;
    return regexp_replace(whole, '\s+', ' ', 'g');
end $$;
comment on function fleet_log.says is
    'An event in a line. Example: select fleet_log.says(''file_released'', ''{"holder":"viper-1","cause":"explicit","held_ms":5000}'', ''src/**'')';

create function fleet_log.cut(words text, width int)
returns text
language sql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
    select case when length(cut.words) <= cut.width then cut.words
                else rtrim(left(cut.words, cut.width - 1)) || '…' end
$$;
comment on function fleet_log.cut is
    'A text that fits a column. Example: select fleet_log.cut(''a long title'', 7)';

create function fleet_log.short_project(project text)
returns text
language sql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
    -- A key is often the address of a repository: its end is what people know.
    select case when length(name) <= 12 then name else left(name, 11) || '…' end
      from regexp_replace(short_project.project, '^.*/(?=.)', '') name
$$;
comment on function fleet_log.short_project is
    'The end of a project''s key. Example: select fleet_log.short_project(''github.com/acme/shop'')';
