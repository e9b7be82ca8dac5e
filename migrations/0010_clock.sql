-- Ladder, digests, quiet hours, outside channels.

SELECT 1;
