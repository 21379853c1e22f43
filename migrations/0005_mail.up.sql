-- breaking: no
-- Mail: texts by digest, messages, mailboxes, threads, and what is searched.

-- Texts ------------------------------------------------------------------------------------------------------------

create table fleet_log.bodies (
    digest text collate "C" primary key,
    body text,
    bytes int not null,
    uses int not null default 1,
    kept_at timestamptz(3) not null default clock_timestamp(),
    redacted_at timestamptz(3),
    redacted_by text,
    redact_reason text
);
comment on table fleet_log.bodies is 'Texts that events refer to by digest: mail, summaries, results. Only fleet.redact changes one.';
comment on column fleet_log.bodies.digest is 'sha256 of the text in UTF-8, hex.';
comment on column fleet_log.bodies.body is 'The text; null once it was erased.';
comment on column fleet_log.bodies.bytes is 'Length of the text in UTF-8.';
comment on column fleet_log.bodies.uses is 'How often it was kept: so many events hold the digest.';
comment on column fleet_log.bodies.kept_at is 'When it was first kept.';
comment on column fleet_log.bodies.redacted_at is 'When it was erased, if it was.';
comment on column fleet_log.bodies.redacted_by is 'Who erased it.';
comment on column fleet_log.bodies.redact_reason is 'Why it was erased.';

-- Not a projection: it holds words of texts, and projections must be what the log alone gives.
create table fleet_log.mail_words (
    message_id text collate "C" primary key,
    body_digest text collate "C" not null,
    words tsvector not null
);
-- Without a list of pending entries: who happened to fill it would work it off while everybody waits for the order lock.
create index mail_words_search on fleet_log.mail_words using gin (words) with (fastupdate = off);
create index mail_words_digest on fleet_log.mail_words using hash (body_digest);
comment on table fleet_log.mail_words is 'What full-text search finds messages by: the words of subject (weight A) and body (weight B), in English.';
comment on column fleet_log.mail_words.message_id is 'The message.';
comment on column fleet_log.mail_words.body_digest is 'Digest of its present body; a redaction takes its words away.';
comment on column fleet_log.mail_words.words is 'Words with weights and places.';

-- Messages ---------------------------------------------------------------------------------------------------------

create table fleet_state.messages (
    message_id text collate "C" primary key,
    project text collate "C" not null,
    thread_id text collate "C" not null,
    in_reply_to text collate "C",
    sender text collate "C" not null,
    recipients text[] not null,
    subject text not null,
    body_digest text collate "C" not null,
    body_bytes int not null,
    importance text not null,
    ack_required boolean not null,
    ack_seconds int,
    bounce_stale boolean not null,
    sortie_id text collate "C",
    mission_id text collate "C",
    attachments jsonb,
    sent_seq bigint not null,
    sent_at timestamptz(3) not null,
    updated_at timestamptz(3),
    version int not null,
    last_seq bigint not null
) with (fillfactor = 80);
-- What readings change is in no index: such an update is HOT.
create index messages_project on fleet_state.messages (project, sent_seq);
create index messages_sender on fleet_state.messages (project, sender, sent_seq);
create index messages_thread on fleet_state.messages (thread_id, sent_seq);
-- People name an id by its last six characters.
create index messages_tail on fleet_state.messages (right(message_id, 6));
create index messages_sortie on fleet_state.messages (sortie_id, sent_seq) where sortie_id is not null;
create index messages_mission on fleet_state.messages (mission_id, sent_seq) where mission_id is not null;
comment on table fleet_state.messages is 'Squawks.';
comment on column fleet_state.messages.message_id is 'msg_ id; the stream.';
comment on column fleet_state.messages.project is 'Key of the project.';
comment on column fleet_state.messages.thread_id is 'Conversation it belongs to.';
comment on column fleet_state.messages.in_reply_to is 'Message it answers.';
comment on column fleet_state.messages.sender is 'Callsign, name of a person, or system.';
comment on column fleet_state.messages.recipients is 'Everyone it was addressed to, in alphabetical order.';
comment on column fleet_state.messages.subject is 'One line.';
comment on column fleet_state.messages.body_digest is 'Digest of its text; the text is in fleet_log.bodies.';
comment on column fleet_state.messages.body_bytes is 'Length of its text in UTF-8.';
comment on column fleet_state.messages.importance is 'low, normal, high or urgent.';
comment on column fleet_state.messages.ack_required is 'True if the sender waits for acknowledgements.';
comment on column fleet_state.messages.ack_seconds is 'After so long without one it is unanswered.';
comment on column fleet_state.messages.bounce_stale is 'True if it comes back from stale pilots, too.';
comment on column fleet_state.messages.sortie_id is 'Sortie it is about.';
comment on column fleet_state.messages.mission_id is 'Mission it is about.';
comment on column fleet_state.messages.attachments is 'References: name, uri, digest, bytes.';
comment on column fleet_state.messages.sent_seq is 'Seq of its message_sent.';
comment on column fleet_state.messages.sent_at is 'When it was sent.';
comment on column fleet_state.messages.updated_at is 'When its text was replaced, if it was.';
comment on column fleet_state.messages.version is 'Version of the stream; the ETag.';
comment on column fleet_state.messages.last_seq is 'Last event that changed the row.';

create table fleet_state.message_recipients (
    message_id text collate "C" not null,
    recipient text collate "C" not null,
    project text collate "C" not null,
    sender text collate "C" not null,
    rank int not null,
    state text not null,
    ack_due_at timestamptz(3),
    awaits_ack boolean not null,
    receipt_pending boolean not null,
    read_at timestamptz(3),
    acked_at timestamptz(3),
    response_digest text collate "C",
    bounced_at timestamptz(3),
    bounce_reason text,
    sent_seq bigint not null,
    last_seq bigint not null,
    primary key (message_id, recipient)
) with (fillfactor = 70);
create index message_recipients_mailbox on fleet_state.message_recipients (project, recipient, sent_seq);
create index message_recipients_unread on fleet_state.message_recipients (project, recipient, rank desc, sent_seq)
    where state = 'unread';
create index message_recipients_unacked on fleet_state.message_recipients (project, recipient) where awaits_ack;
create index message_recipients_due on fleet_state.message_recipients (ack_due_at) where awaits_ack;
create index message_recipients_receipts on fleet_state.message_recipients (project, sender, last_seq)
    where receipt_pending;
comment on table fleet_state.message_recipients is 'Mailboxes: a row for each message and each it was addressed to.';
comment on column fleet_state.message_recipients.message_id is 'The message.';
comment on column fleet_state.message_recipients.recipient is 'Whose mailbox: a callsign, or operator.';
comment on column fleet_state.message_recipients.project is 'Key of the project.';
comment on column fleet_state.message_recipients.sender is 'Who sent it.';
comment on column fleet_state.message_recipients.rank is 'Importance as a number: 1 low to 4 urgent.';
comment on column fleet_state.message_recipients.state is 'unread, read, acked or bounced.';
comment on column fleet_state.message_recipients.ack_due_at is 'When an acknowledgement is overdue; null if none is required.';
comment on column fleet_state.message_recipients.awaits_ack is 'True while a required acknowledgement has not come.';
comment on column fleet_state.message_recipients.receipt_pending is 'True if the sender has not seen that it was read or acknowledged.';
comment on column fleet_state.message_recipients.read_at is 'When it was read or acknowledged first.';
comment on column fleet_state.message_recipients.acked_at is 'When it was acknowledged.';
comment on column fleet_state.message_recipients.response_digest is 'Digest of what was answered with the acknowledgement.';
comment on column fleet_state.message_recipients.bounced_at is 'When it came back, if it did.';
comment on column fleet_state.message_recipients.bounce_reason is 'Why it came back: unknown, deregistered or stale.';
comment on column fleet_state.message_recipients.sent_seq is 'Seq of the message_sent.';
comment on column fleet_state.message_recipients.last_seq is 'Last event that said something about this mailbox.';

create table fleet_state.threads (
    thread_id text collate "C" primary key,
    project text collate "C" not null,
    title text not null,
    participants text[] not null,
    created_by text collate "C" not null,
    created_at timestamptz(3) not null,
    messages_count int not null,
    last_message_id text collate "C",
    last_message_at timestamptz(3),
    version int not null,
    last_seq bigint not null
) with (fillfactor = 70);
create index threads_project on fleet_state.threads (project);
create index threads_tail on fleet_state.threads (right(thread_id, 6));
comment on table fleet_state.threads is 'Conversations.';
comment on column fleet_state.threads.thread_id is 'thr_ id; the stream.';
comment on column fleet_state.threads.project is 'Key of the project.';
comment on column fleet_state.threads.title is 'Subject of the first message.';
comment on column fleet_state.threads.participants is 'Who wrote or was written to, in alphabetical order.';
comment on column fleet_state.threads.created_by is 'Who began it.';
comment on column fleet_state.threads.created_at is 'When it began.';
comment on column fleet_state.threads.messages_count is 'How many messages it has.';
comment on column fleet_state.threads.last_message_id is 'Its latest message.';
comment on column fleet_state.threads.last_message_at is 'When that was sent.';
comment on column fleet_state.threads.version is 'Version of the stream; the ETag.';
comment on column fleet_state.threads.last_seq is 'Last event that changed the row, its messages included.';

-- What was reminded of ---------------------------------------------------------------------------------------------

create table fleet_live.reminders (
    message_id text collate "C" not null,
    recipient text collate "C" not null,
    reminded_at timestamptz(3) not null,
    primary key (message_id, recipient)
) with (fillfactor = 50);
comment on table fleet_live.reminders is 'Overdue acknowledgements that were told about already: each once. Kept for two days.';
comment on column fleet_live.reminders.message_id is 'The message.';
comment on column fleet_live.reminders.recipient is 'Who has not acknowledged it.';
comment on column fleet_live.reminders.reminded_at is 'When it was told.';
