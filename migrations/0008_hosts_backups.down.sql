-- Only the memory of backups goes; the backups themselves stay where they are.
drop table fleet_live.backups;
