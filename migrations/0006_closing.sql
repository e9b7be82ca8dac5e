-- Endorsement, checks, closing of problems, sittings.

SELECT 1;
