-- Periodic tables complete.

SELECT 1;
