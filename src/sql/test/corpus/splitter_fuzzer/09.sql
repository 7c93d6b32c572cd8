SELECT $$;$$, $q$ ; $q$, E'\';', `;`, ";" /* ; /* ; */ */ -- ;
; SELECT INTERVAL '1' DAY TO SECOND