-- rollback of 0001_clinic

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.alerts;

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.order_items;

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.orders;

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.prescription_items;

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.prescriptions;

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.tasks;

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.encounters;

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.appointments;

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.patients;

-- lock: ACCESS EXCLUSIVE, briefly
DROP TABLE public.users;

DROP FUNCTION public.update_timestamp();

DROP TYPE public.postal_address;

DROP TYPE public.urgency;
