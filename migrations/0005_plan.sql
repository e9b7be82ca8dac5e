-- Plan versions, amendments, documents, dates, links.

SELECT 1;
