-- Functions and views of sql/ that use these tables go with them; sql/ is applied again afterwards.
drop table fleet_live.reminders cascade;
drop table fleet_state.message_recipients, fleet_state.messages, fleet_state.threads cascade;
drop table fleet_log.mail_words, fleet_log.bodies cascade;
