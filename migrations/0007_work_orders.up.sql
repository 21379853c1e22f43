-- breaking: no
-- Work orders: the durable queue, and the indexes in whose order orders are claimed.

create table fleet_state.work_orders (
    work_order_id text collate "C" primary key,
    project text collate "C" not null,
    kind text collate "C" not null,
    role text collate "C" not null,
    rank int not null,
    depends_on text[] not null,
    blocked_by int not null,
    max_attempts int not null,
    attempts int not null,
    lost int not null,
    timeout_seconds int,
    backoff_seconds int not null,
    sortie_id text collate "C",
    state text collate "C" not null,
    ready_at timestamptz(3) not null,
    created_at timestamptz(3) not null,
    created_by text collate "C" not null,
    created_seq bigint not null,
    claimed_by text collate "C",
    claimed_at timestamptz(3),
    token bigint,
    lease_seconds int,
    due_at timestamptz(3),
    failed_seq bigint,
    ended_at timestamptz(3),
    ended_by text collate "C",
    ended_seq bigint,
    reason text,
    version int not null,
    last_seq bigint not null
) with (fillfactor = 70);
-- The order of a claim: by rank the first that is ready. An order that is delayed stands behind all that are ready, one
-- that waits for another is not in the index: a claim reads just the rows it takes, however long the line. Three ways
-- to ask (anything, by role, by kind), three indexes; neither a claim nor an end writes to them.
create index work_orders_line on fleet_state.work_orders (project, rank, ready_at, created_seq)
    where state = 'pending' and blocked_by = 0;
create index work_orders_line_role on fleet_state.work_orders (project, role, rank, ready_at, created_seq)
    where state = 'pending' and blocked_by = 0;
create index work_orders_line_kind on fleet_state.work_orders (project, kind, rank, ready_at, created_seq)
    where state = 'pending' and blocked_by = 0;
-- Leases and time-outs by when they may be due: signs of life are read, so a lease found here may still be good.
create index work_orders_due on fleet_state.work_orders (due_at) where state = 'claimed';
-- For lists of what is open or given up, in a history that is long. (No condition on the state: a claim must have no
-- index to choose from but those of the lines.)
create index work_orders_open on fleet_state.work_orders (project, work_order_id) where ended_at is null;
create index work_orders_dead on fleet_state.work_orders (project, work_order_id) where state = 'dead';
-- The last characters of an id are what people type; four of them leave few rows.
create index work_orders_tail on fleet_state.work_orders (right(work_order_id, 4));
create index work_orders_sortie on fleet_state.work_orders (sortie_id) where sortie_id is not null;
comment on table fleet_state.work_orders is 'The queue, orders that ended included. Payload and error stay in their events, results lie apart by digest.';
comment on column fleet_state.work_orders.work_order_id is 'wo_ id; the stream.';
comment on column fleet_state.work_orders.project is 'Key of the project.';
comment on column fleet_state.work_orders.kind is 'What is to be done.';
comment on column fleet_state.work_orders.role is 'Only pilots of this role get it; empty for anybody.';
comment on column fleet_state.work_orders.rank is 'Priority: 0 low, 1 medium, 2 high, 3 critical.';
comment on column fleet_state.work_orders.depends_on is 'Orders that have to be completed first.';
comment on column fleet_state.work_orders.blocked_by is 'How many of them are not completed.';
comment on column fleet_state.work_orders.max_attempts is 'Failed attempts that make it a dead letter.';
comment on column fleet_state.work_orders.attempts is 'Attempts used up, the present one included.';
comment on column fleet_state.work_orders.lost is 'Leases lost one after the other.';
comment on column fleet_state.work_orders.timeout_seconds is 'An attempt that takes longer has failed.';
comment on column fleet_state.work_orders.backoff_seconds is 'Wait after the first failed attempt; doubled by each further one.';
comment on column fleet_state.work_orders.sortie_id is 'Sortie it belongs to.';
comment on column fleet_state.work_orders.state is 'pending, claimed, completed, failed (only inside a transaction), dead or cancelled.';
comment on column fleet_state.work_orders.ready_at is 'Its age in the line, and the time before which nobody gets it.';
comment on column fleet_state.work_orders.created_at is 'When it was put into the queue.';
comment on column fleet_state.work_orders.created_by is 'Who put it there.';
comment on column fleet_state.work_orders.created_seq is 'Event that holds the payload.';
comment on column fleet_state.work_orders.claimed_by is 'Who claimed it last.';
comment on column fleet_state.work_orders.claimed_at is 'When.';
comment on column fleet_state.work_orders.token is 'Fencing token: seq of the last claim.';
comment on column fleet_state.work_orders.lease_seconds is 'How long a sign of life of the claimer is good for.';
comment on column fleet_state.work_orders.due_at is 'When its lease or its attempt may be over, signs of life not counted.';
comment on column fleet_state.work_orders.failed_seq is 'Event that holds the last error.';
comment on column fleet_state.work_orders.ended_at is 'When it was completed, given up or called off.';
comment on column fleet_state.work_orders.ended_by is 'By whom.';
comment on column fleet_state.work_orders.ended_seq is 'Event that ended it; of a completed one it holds the digest of the result.';
comment on column fleet_state.work_orders.reason is 'Why it was cancelled.';
comment on column fleet_state.work_orders.version is 'Version of the stream; the ETag.';
comment on column fleet_state.work_orders.last_seq is 'Last event of the stream.';

create table fleet_state.work_order_dependencies (
    depends_on text collate "C" not null,
    work_order_id text collate "C" not null,
    project text collate "C" not null,
    last_seq bigint not null,
    primary key (depends_on, work_order_id)
);
comment on table fleet_state.work_order_dependencies is 'Who waits for an order: the way from it to its dependents.';
comment on column fleet_state.work_order_dependencies.depends_on is 'The order that has to be completed first.';
comment on column fleet_state.work_order_dependencies.work_order_id is 'The order that waits for it.';
comment on column fleet_state.work_order_dependencies.project is 'Key of the project.';
comment on column fleet_state.work_order_dependencies.last_seq is 'Event that wrote the row.';

create table fleet_live.work_lines (
    project text collate "C" not null,
    scope text collate "C" not null,
    front_at timestamptz(3)[] not null,
    front_seq bigint[] not null,
    primary key (project, scope)
) with (fillfactor = 50);
comment on table fleet_live.work_lines is 'Where each line begins: claimed orders leave dead entries at the head of an index, and a claim must not walk over them.';
comment on column fleet_live.work_lines.project is 'Key of the project.';
comment on column fleet_live.work_lines.scope is '* for the line of all orders, or role and kind with a name.';
comment on column fleet_live.work_lines.front_at is 'By rank from 0: no order that could be claimed has an earlier ready_at …';
comment on column fleet_live.work_lines.front_seq is '… or the same and an earlier created_seq.';
