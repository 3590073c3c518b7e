-- clinic

CREATE TYPE public.postal_address AS (
    street character varying(100),
    city character varying(50),
    state character varying(50),
    postal_code character varying(20),
    country character varying(50)
);

COMMENT ON TYPE public.postal_address IS 'An address for letters and home visits';

CREATE TYPE public.urgency AS ENUM ('routine', 'urgent', 'stat');

COMMENT ON TYPE public.urgency IS 'How soon something must happen';

CREATE FUNCTION public.update_timestamp()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.updated_at = NOW();
    RETURN NEW;
END;
$function$;

COMMENT ON FUNCTION public.update_timestamp() IS 'Keeps updated_at at the time of the last change';

CREATE TABLE public.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    username character varying(50) NOT NULL,
    email character varying(100) NOT NULL,
    full_name character varying(100) NOT NULL,
    role character varying(20) NOT NULL,
    specialty character varying(50),
    phone character varying(20),
    profile_image_url character varying(255),
    password_hash character varying(255) NOT NULL,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    last_login_at timestamp without time zone,
    status character varying(20) DEFAULT 'active'::character varying NOT NULL,
    preferences jsonb,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_username_key UNIQUE (username),
    CONSTRAINT valid_role CHECK (((role)::text = ANY (ARRAY['doctor'::character varying, 'nurse'::character varying, 'admin'::character varying, 'receptionist'::character varying])))
);

COMMENT ON TABLE public.users IS 'Users of the system including doctors, nurses, and administrative staff';
COMMENT ON COLUMN public.users.id IS 'Unique identifier for the user';
COMMENT ON COLUMN public.users.username IS 'Username for login';
COMMENT ON COLUMN public.users.email IS 'Email address for login and notices';
COMMENT ON COLUMN public.users.full_name IS 'Name as shown to colleagues and patients';
COMMENT ON COLUMN public.users.role IS 'What the user does: doctor, nurse, admin or receptionist';
COMMENT ON COLUMN public.users.specialty IS 'Medical specialty of a doctor';
COMMENT ON COLUMN public.users.phone IS 'Phone number for call-backs';
COMMENT ON COLUMN public.users.profile_image_url IS 'Where the profile picture is';
COMMENT ON COLUMN public.users.password_hash IS 'Salted hash of the password';
COMMENT ON COLUMN public.users.created_at IS 'When the user was added';
COMMENT ON COLUMN public.users.updated_at IS 'When the user was last changed';
COMMENT ON COLUMN public.users.last_login_at IS 'When the user last logged in';
COMMENT ON COLUMN public.users.status IS 'State of the account, such as active';
COMMENT ON COLUMN public.users.preferences IS 'User preferences and settings';

CREATE INDEX idx_users_email ON public.users USING btree (email);

CREATE INDEX idx_users_role ON public.users USING btree (role);

CREATE INDEX idx_users_specialty ON public.users USING btree (specialty) WHERE (specialty IS NOT NULL);

CREATE INDEX idx_users_status ON public.users USING btree (status);

CREATE TRIGGER update_users_timestamp BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();

CREATE TABLE public.patients (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    medical_record_number character varying(50) NOT NULL,
    first_name character varying(50) NOT NULL,
    last_name character varying(50) NOT NULL,
    date_of_birth date NOT NULL,
    gender character varying(20) NOT NULL,
    email character varying(100),
    phone character varying(20),
    address public.postal_address,
    emergency_contact_name character varying(100),
    emergency_contact_phone character varying(20),
    blood_type character varying(3),
    allergies text[] DEFAULT '{}'::text[] NOT NULL,
    chronic_conditions text[] DEFAULT '{}'::text[] NOT NULL,
    insurance_provider character varying(100),
    insurance_policy_number character varying(50),
    primary_doctor_id uuid,
    status character varying(20) DEFAULT 'active'::character varying NOT NULL,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT patients_pkey PRIMARY KEY (id),
    CONSTRAINT patients_medical_record_number_key UNIQUE (medical_record_number),
    CONSTRAINT patients_blood_type_check CHECK (((blood_type)::text = ANY (ARRAY['A+'::character varying, 'A-'::character varying, 'B+'::character varying, 'B-'::character varying, 'AB+'::character varying, 'AB-'::character varying, 'O+'::character varying, 'O-'::character varying]))),
    CONSTRAINT patients_gender_check CHECK (((gender)::text = ANY (ARRAY['female'::character varying, 'male'::character varying, 'other'::character varying, 'unknown'::character varying]))),
    CONSTRAINT patients_status_check CHECK (((status)::text = ANY (ARRAY['active'::character varying, 'inactive'::character varying, 'deceased'::character varying]))),
    CONSTRAINT plausible_date_of_birth CHECK ((date_of_birth >= '1880-01-01'::date)),
    CONSTRAINT patients_primary_doctor_id_fkey FOREIGN KEY (primary_doctor_id) REFERENCES public.users(id) ON DELETE SET NULL
);

COMMENT ON TABLE public.patients IS 'Patients with their demographic and medical information';
COMMENT ON COLUMN public.patients.id IS 'Unique identifier for the patient';
COMMENT ON COLUMN public.patients.medical_record_number IS 'Number of the medical record';
COMMENT ON COLUMN public.patients.first_name IS 'Given name';
COMMENT ON COLUMN public.patients.last_name IS 'Family name';
COMMENT ON COLUMN public.patients.date_of_birth IS 'Date of birth';
COMMENT ON COLUMN public.patients.gender IS 'Administrative gender';
COMMENT ON COLUMN public.patients.email IS 'Email address for reminders';
COMMENT ON COLUMN public.patients.phone IS 'Phone number for call-backs';
COMMENT ON COLUMN public.patients.address IS 'Where the patient lives';
COMMENT ON COLUMN public.patients.emergency_contact_name IS 'Whom to call in an emergency';
COMMENT ON COLUMN public.patients.emergency_contact_phone IS 'Phone number of the emergency contact';
COMMENT ON COLUMN public.patients.blood_type IS 'Blood group and Rhesus factor';
COMMENT ON COLUMN public.patients.allergies IS 'Known allergies';
COMMENT ON COLUMN public.patients.chronic_conditions IS 'Conditions that last';
COMMENT ON COLUMN public.patients.insurance_provider IS 'Who insures the patient';
COMMENT ON COLUMN public.patients.insurance_policy_number IS 'Number of the insurance policy';
COMMENT ON COLUMN public.patients.primary_doctor_id IS 'Doctor who looks after the patient';
COMMENT ON COLUMN public.patients.status IS 'State of the record';
COMMENT ON COLUMN public.patients.created_at IS 'When the patient was registered';
COMMENT ON COLUMN public.patients.updated_at IS 'When the record was last changed';

CREATE INDEX idx_patients_date_of_birth ON public.patients USING btree (date_of_birth);

CREATE INDEX idx_patients_name ON public.patients USING btree (last_name, first_name);

CREATE INDEX idx_patients_primary_doctor ON public.patients USING btree (primary_doctor_id) WHERE (primary_doctor_id IS NOT NULL);

CREATE TRIGGER update_patients_timestamp BEFORE UPDATE ON public.patients FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();

CREATE TABLE public.appointments (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    patient_id uuid NOT NULL,
    patient_name character varying(101) NOT NULL,
    doctor_id uuid NOT NULL,
    start_time timestamp without time zone NOT NULL,
    end_time timestamp without time zone NOT NULL,
    appointment_type character varying(30) DEFAULT 'consultation'::character varying NOT NULL,
    status character varying(20) DEFAULT 'scheduled'::character varying NOT NULL,
    reason text,
    notes text,
    location character varying(100),
    cancellation_reason text,
    created_by uuid,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT appointments_pkey PRIMARY KEY (id),
    CONSTRAINT appointments_appointment_type_check CHECK (((appointment_type)::text = ANY (ARRAY['consultation'::character varying, 'follow_up'::character varying, 'procedure'::character varying, 'check_up'::character varying, 'telehealth'::character varying]))),
    CONSTRAINT appointments_status_check CHECK (((status)::text = ANY (ARRAY['scheduled'::character varying, 'confirmed'::character varying, 'arrived'::character varying, 'in_progress'::character varying, 'completed'::character varying, 'cancelled'::character varying, 'no_show'::character varying]))),
    CONSTRAINT cancelled_for_a_reason CHECK (((cancellation_reason IS NULL) OR ((status)::text = ANY (ARRAY['cancelled'::character varying, 'no_show'::character varying])))),
    CONSTRAINT ends_after_start CHECK ((end_time > start_time)),
    CONSTRAINT appointments_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE SET NULL,
    CONSTRAINT appointments_doctor_id_fkey FOREIGN KEY (doctor_id) REFERENCES public.users(id) ON DELETE RESTRICT,
    CONSTRAINT appointments_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES public.patients(id) ON DELETE RESTRICT
);

COMMENT ON TABLE public.appointments IS 'Planned meetings between a doctor and a patient';
COMMENT ON COLUMN public.appointments.id IS 'Unique identifier for the appointment';
COMMENT ON COLUMN public.appointments.patient_id IS 'Who comes';
COMMENT ON COLUMN public.appointments.patient_name IS 'Name of the patient, kept here so that a day''s list needs no join';
COMMENT ON COLUMN public.appointments.doctor_id IS 'Whom the patient meets';
COMMENT ON COLUMN public.appointments.start_time IS 'When it begins';
COMMENT ON COLUMN public.appointments.end_time IS 'When it ends';
COMMENT ON COLUMN public.appointments.appointment_type IS 'What kind of meeting it is';
COMMENT ON COLUMN public.appointments.status IS 'How far it has come';
COMMENT ON COLUMN public.appointments.reason IS 'Why the patient comes';
COMMENT ON COLUMN public.appointments.notes IS 'What the staff should know beforehand';
COMMENT ON COLUMN public.appointments.location IS 'Room or video link';
COMMENT ON COLUMN public.appointments.cancellation_reason IS 'Why it was cancelled';
COMMENT ON COLUMN public.appointments.created_by IS 'Who made the appointment';
COMMENT ON COLUMN public.appointments.created_at IS 'When it was made';
COMMENT ON COLUMN public.appointments.updated_at IS 'When it was last changed';

CREATE INDEX idx_appointments_created_by ON public.appointments USING btree (created_by) WHERE (created_by IS NOT NULL);

CREATE INDEX idx_appointments_doctor_date ON public.appointments USING btree (doctor_id, date(start_time));

CREATE INDEX idx_appointments_open ON public.appointments USING btree (start_time) WHERE ((status)::text = ANY (ARRAY['scheduled'::character varying, 'confirmed'::character varying]));

CREATE INDEX idx_appointments_patient_time ON public.appointments USING btree (patient_id, start_time DESC);

CREATE TRIGGER update_appointments_timestamp BEFORE UPDATE ON public.appointments FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();

CREATE TABLE public.encounters (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    patient_id uuid NOT NULL,
    doctor_id uuid NOT NULL,
    appointment_id uuid,
    encounter_type character varying(30) DEFAULT 'outpatient'::character varying NOT NULL,
    status character varying(20) DEFAULT 'in_progress'::character varying NOT NULL,
    start_time timestamp without time zone DEFAULT now() NOT NULL,
    end_time timestamp without time zone,
    chief_complaint text,
    diagnosis_codes character varying(10)[] DEFAULT '{}'::character varying[] NOT NULL,
    vital_signs jsonb,
    follow_up_date date,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT encounters_pkey PRIMARY KEY (id),
    CONSTRAINT encounters_appointment_id_key UNIQUE (appointment_id),
    CONSTRAINT encounters_encounter_type_check CHECK (((encounter_type)::text = ANY (ARRAY['outpatient'::character varying, 'inpatient'::character varying, 'emergency'::character varying, 'telehealth'::character varying, 'home_visit'::character varying]))),
    CONSTRAINT encounters_status_check CHECK (((status)::text = ANY (ARRAY['in_progress'::character varying, 'completed'::character varying, 'cancelled'::character varying]))),
    CONSTRAINT ends_after_start CHECK (((end_time IS NULL) OR (end_time >= start_time))),
    CONSTRAINT encounters_appointment_id_fkey FOREIGN KEY (appointment_id) REFERENCES public.appointments(id) ON DELETE SET NULL,
    CONSTRAINT encounters_doctor_id_fkey FOREIGN KEY (doctor_id) REFERENCES public.users(id) ON DELETE RESTRICT,
    CONSTRAINT encounters_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES public.patients(id) ON DELETE RESTRICT
);

COMMENT ON TABLE public.encounters IS 'Clinical visits and other contacts that took place';
COMMENT ON COLUMN public.encounters.id IS 'Unique identifier for the encounter';
COMMENT ON COLUMN public.encounters.patient_id IS 'Who was seen';
COMMENT ON COLUMN public.encounters.doctor_id IS 'Who saw the patient';
COMMENT ON COLUMN public.encounters.appointment_id IS 'The appointment that led to it';
COMMENT ON COLUMN public.encounters.encounter_type IS 'Where and how it took place';
COMMENT ON COLUMN public.encounters.status IS 'How far it has come';
COMMENT ON COLUMN public.encounters.start_time IS 'When it began';
COMMENT ON COLUMN public.encounters.end_time IS 'When it ended';
COMMENT ON COLUMN public.encounters.chief_complaint IS 'What brought the patient here';
COMMENT ON COLUMN public.encounters.diagnosis_codes IS 'ICD-10 codes of the diagnoses';
COMMENT ON COLUMN public.encounters.vital_signs IS 'Vital signs as measured, such as blood pressure';
COMMENT ON COLUMN public.encounters.follow_up_date IS 'When the patient should come again';
COMMENT ON COLUMN public.encounters.created_at IS 'When it was recorded';
COMMENT ON COLUMN public.encounters.updated_at IS 'When it was last changed';

CREATE INDEX idx_encounters_diagnosis_codes ON public.encounters USING gin (diagnosis_codes);

CREATE INDEX idx_encounters_doctor_time ON public.encounters USING btree (doctor_id, start_time DESC);

CREATE INDEX idx_encounters_in_progress ON public.encounters USING btree (status) WHERE ((status)::text = 'in_progress'::text);

CREATE INDEX idx_encounters_patient_time ON public.encounters USING btree (patient_id, start_time DESC);

CREATE TRIGGER update_encounters_timestamp BEFORE UPDATE ON public.encounters FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();

CREATE TABLE public.alerts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    patient_id uuid,
    encounter_id uuid,
    alert_type character varying(30) NOT NULL,
    severity character varying(20) DEFAULT 'info'::character varying NOT NULL,
    title character varying(200) NOT NULL,
    message text NOT NULL,
    is_read boolean DEFAULT false NOT NULL,
    read_at timestamp without time zone,
    acknowledged_at timestamp without time zone,
    expires_at timestamp without time zone,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT alerts_pkey PRIMARY KEY (id),
    CONSTRAINT alerts_alert_type_check CHECK (((alert_type)::text = ANY (ARRAY['lab_result'::character varying, 'drug_interaction'::character varying, 'allergy'::character varying, 'appointment'::character varying, 'task'::character varying, 'system'::character varying]))),
    CONSTRAINT alerts_severity_check CHECK (((severity)::text = ANY (ARRAY['info'::character varying, 'warning'::character varying, 'critical'::character varying]))),
    CONSTRAINT read_when_read CHECK ((is_read = (read_at IS NOT NULL))),
    CONSTRAINT alerts_encounter_id_fkey FOREIGN KEY (encounter_id) REFERENCES public.encounters(id) ON DELETE SET NULL,
    CONSTRAINT alerts_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES public.patients(id) ON DELETE CASCADE,
    CONSTRAINT alerts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE
);

COMMENT ON TABLE public.alerts IS 'Notices to users about important events';
COMMENT ON COLUMN public.alerts.id IS 'Unique identifier for the alert';
COMMENT ON COLUMN public.alerts.user_id IS 'Who is told';
COMMENT ON COLUMN public.alerts.patient_id IS 'The patient it is about, if any';
COMMENT ON COLUMN public.alerts.encounter_id IS 'The encounter it is about, if any';
COMMENT ON COLUMN public.alerts.alert_type IS 'What kind of event it is';
COMMENT ON COLUMN public.alerts.severity IS 'How much it matters';
COMMENT ON COLUMN public.alerts.title IS 'The notice in one line';
COMMENT ON COLUMN public.alerts.message IS 'The notice in full';
COMMENT ON COLUMN public.alerts.is_read IS 'Whether the user has seen it';
COMMENT ON COLUMN public.alerts.read_at IS 'When the user saw it';
COMMENT ON COLUMN public.alerts.acknowledged_at IS 'When the user confirmed it';
COMMENT ON COLUMN public.alerts.expires_at IS 'When it no longer matters';
COMMENT ON COLUMN public.alerts.created_at IS 'When the event took place';
COMMENT ON COLUMN public.alerts.updated_at IS 'When the alert was last changed';

CREATE INDEX idx_alerts_encounter ON public.alerts USING btree (encounter_id) WHERE (encounter_id IS NOT NULL);

CREATE INDEX idx_alerts_patient ON public.alerts USING btree (patient_id) WHERE (patient_id IS NOT NULL);

CREATE INDEX idx_alerts_unread ON public.alerts USING btree (user_id, created_at DESC) WHERE (NOT is_read);

CREATE INDEX idx_alerts_user_time ON public.alerts USING btree (user_id, created_at DESC);

CREATE TRIGGER update_alerts_timestamp BEFORE UPDATE ON public.alerts FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();

CREATE TABLE public.orders (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    encounter_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    ordered_by uuid NOT NULL,
    order_type character varying(30) NOT NULL,
    urgency public.urgency DEFAULT 'routine'::public.urgency NOT NULL,
    status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    clinical_notes text,
    ordered_at timestamp without time zone DEFAULT now() NOT NULL,
    completed_at timestamp without time zone,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT completed_when_complete CHECK ((((status)::text = 'completed'::text) = (completed_at IS NOT NULL))),
    CONSTRAINT orders_order_type_check CHECK (((order_type)::text = ANY (ARRAY['lab'::character varying, 'imaging'::character varying, 'procedure'::character varying, 'referral'::character varying]))),
    CONSTRAINT orders_status_check CHECK (((status)::text = ANY (ARRAY['pending'::character varying, 'sent'::character varying, 'in_progress'::character varying, 'completed'::character varying, 'cancelled'::character varying]))),
    CONSTRAINT orders_encounter_id_fkey FOREIGN KEY (encounter_id) REFERENCES public.encounters(id) ON DELETE RESTRICT,
    CONSTRAINT orders_ordered_by_fkey FOREIGN KEY (ordered_by) REFERENCES public.users(id) ON DELETE RESTRICT,
    CONSTRAINT orders_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES public.patients(id) ON DELETE RESTRICT
);

COMMENT ON TABLE public.orders IS 'Clinical orders such as laboratory tests or imaging';
COMMENT ON COLUMN public.orders.id IS 'Unique identifier for the order';
COMMENT ON COLUMN public.orders.encounter_id IS 'The encounter it was given in';
COMMENT ON COLUMN public.orders.patient_id IS 'Who is examined';
COMMENT ON COLUMN public.orders.ordered_by IS 'Who gave the order';
COMMENT ON COLUMN public.orders.order_type IS 'What kind of order it is';
COMMENT ON COLUMN public.orders.urgency IS 'How soon it is needed';
COMMENT ON COLUMN public.orders.status IS 'How far it has come';
COMMENT ON COLUMN public.orders.clinical_notes IS 'What the laboratory or radiologist should know';
COMMENT ON COLUMN public.orders.ordered_at IS 'When it was given';
COMMENT ON COLUMN public.orders.completed_at IS 'When all results were there';
COMMENT ON COLUMN public.orders.created_at IS 'When it was recorded';
COMMENT ON COLUMN public.orders.updated_at IS 'When it was last changed';

CREATE INDEX idx_orders_encounter ON public.orders USING btree (encounter_id);

CREATE INDEX idx_orders_open ON public.orders USING btree (urgency DESC, ordered_at) WHERE ((status)::text = ANY (ARRAY['pending'::character varying, 'sent'::character varying, 'in_progress'::character varying]));

CREATE INDEX idx_orders_ordered_by ON public.orders USING btree (ordered_by);

CREATE INDEX idx_orders_patient_time ON public.orders USING btree (patient_id, ordered_at DESC);

CREATE TRIGGER update_orders_timestamp BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();

CREATE TABLE public.order_items (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    order_id uuid NOT NULL,
    "position" smallint NOT NULL,
    test_name character varying(200) NOT NULL,
    test_code character varying(20),
    status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    specimen character varying(50),
    result_value text,
    result_unit character varying(20),
    reference_range character varying(50),
    is_abnormal boolean,
    resulted_at timestamp without time zone,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT order_items_pkey PRIMARY KEY (id),
    CONSTRAINT one_test_per_position UNIQUE (order_id, "position"),
    CONSTRAINT order_items_status_check CHECK (((status)::text = ANY (ARRAY['pending'::character varying, 'collected'::character varying, 'resulted'::character varying, 'cancelled'::character varying]))),
    CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id) ON DELETE CASCADE
);

COMMENT ON TABLE public.order_items IS 'One test or examination of an order';
COMMENT ON COLUMN public.order_items.id IS 'Unique identifier for the item';
COMMENT ON COLUMN public.order_items.order_id IS 'The order it belongs to';
COMMENT ON COLUMN public.order_items."position" IS 'Its place in the order, from 1';
COMMENT ON COLUMN public.order_items.test_name IS 'Name of the test or examination';
COMMENT ON COLUMN public.order_items.test_code IS 'LOINC or CPT code';
COMMENT ON COLUMN public.order_items.status IS 'How far it has come';
COMMENT ON COLUMN public.order_items.specimen IS 'What is examined';
COMMENT ON COLUMN public.order_items.result_value IS 'The result as reported';
COMMENT ON COLUMN public.order_items.result_unit IS 'Unit of the result';
COMMENT ON COLUMN public.order_items.reference_range IS 'What counts as normal';
COMMENT ON COLUMN public.order_items.is_abnormal IS 'Whether the result is outside of the reference range';
COMMENT ON COLUMN public.order_items.resulted_at IS 'When the result came';
COMMENT ON COLUMN public.order_items.created_at IS 'When it was recorded';
COMMENT ON COLUMN public.order_items.updated_at IS 'When it was last changed';

CREATE INDEX idx_order_items_test_code ON public.order_items USING btree (test_code) WHERE (test_code IS NOT NULL);

CREATE TRIGGER update_order_items_timestamp BEFORE UPDATE ON public.order_items FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();

CREATE TABLE public.prescriptions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    encounter_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    doctor_id uuid NOT NULL,
    status character varying(20) DEFAULT 'draft'::character varying NOT NULL,
    prescribed_at timestamp without time zone DEFAULT now() NOT NULL,
    valid_until date,
    pharmacy character varying(100),
    notes text,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT prescriptions_pkey PRIMARY KEY (id),
    CONSTRAINT prescriptions_status_check CHECK (((status)::text = ANY (ARRAY['draft'::character varying, 'active'::character varying, 'completed'::character varying, 'cancelled'::character varying, 'expired'::character varying]))),
    CONSTRAINT valid_after_prescribed CHECK (((valid_until IS NULL) OR (valid_until >= (prescribed_at)::date))),
    CONSTRAINT prescriptions_doctor_id_fkey FOREIGN KEY (doctor_id) REFERENCES public.users(id) ON DELETE RESTRICT,
    CONSTRAINT prescriptions_encounter_id_fkey FOREIGN KEY (encounter_id) REFERENCES public.encounters(id) ON DELETE RESTRICT,
    CONSTRAINT prescriptions_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES public.patients(id) ON DELETE RESTRICT
);

COMMENT ON TABLE public.prescriptions IS 'Medications prescribed to a patient in an encounter';
COMMENT ON COLUMN public.prescriptions.id IS 'Unique identifier for the prescription';
COMMENT ON COLUMN public.prescriptions.encounter_id IS 'The encounter it was written in';
COMMENT ON COLUMN public.prescriptions.patient_id IS 'Who takes the medication';
COMMENT ON COLUMN public.prescriptions.doctor_id IS 'Who prescribed it';
COMMENT ON COLUMN public.prescriptions.status IS 'How far it has come';
COMMENT ON COLUMN public.prescriptions.prescribed_at IS 'When it was prescribed';
COMMENT ON COLUMN public.prescriptions.valid_until IS 'The last day on which it can be filled';
COMMENT ON COLUMN public.prescriptions.pharmacy IS 'Where the patient wants to fill it';
COMMENT ON COLUMN public.prescriptions.notes IS 'What the pharmacist should know';
COMMENT ON COLUMN public.prescriptions.created_at IS 'When it was recorded';
COMMENT ON COLUMN public.prescriptions.updated_at IS 'When it was last changed';

CREATE INDEX idx_prescriptions_active_until ON public.prescriptions USING btree (valid_until) WHERE ((status)::text = 'active'::text);

CREATE INDEX idx_prescriptions_doctor ON public.prescriptions USING btree (doctor_id);

CREATE INDEX idx_prescriptions_encounter ON public.prescriptions USING btree (encounter_id);

CREATE INDEX idx_prescriptions_patient_time ON public.prescriptions USING btree (patient_id, prescribed_at DESC);

CREATE TRIGGER update_prescriptions_timestamp BEFORE UPDATE ON public.prescriptions FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();

CREATE TABLE public.prescription_items (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    prescription_id uuid NOT NULL,
    "position" smallint NOT NULL,
    medication_name character varying(200) NOT NULL,
    medication_code character varying(20),
    dosage character varying(100) NOT NULL,
    route character varying(30) DEFAULT 'oral'::character varying NOT NULL,
    frequency character varying(100) NOT NULL,
    duration_days integer,
    quantity numeric(10,2) NOT NULL,
    refills smallint DEFAULT 0 NOT NULL,
    instructions text,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT prescription_items_pkey PRIMARY KEY (id),
    CONSTRAINT one_item_per_position UNIQUE (prescription_id, "position"),
    CONSTRAINT prescription_items_duration_days_check CHECK ((duration_days > 0)),
    CONSTRAINT prescription_items_quantity_check CHECK ((quantity > (0)::numeric)),
    CONSTRAINT prescription_items_refills_check CHECK (((refills >= 0) AND (refills <= 12))),
    CONSTRAINT prescription_items_route_check CHECK (((route)::text = ANY (ARRAY['oral'::character varying, 'topical'::character varying, 'inhaled'::character varying, 'injection'::character varying, 'sublingual'::character varying, 'rectal'::character varying, 'other'::character varying]))),
    CONSTRAINT prescription_items_prescription_id_fkey FOREIGN KEY (prescription_id) REFERENCES public.prescriptions(id) ON DELETE CASCADE
);

COMMENT ON TABLE public.prescription_items IS 'One medication of a prescription';
COMMENT ON COLUMN public.prescription_items.id IS 'Unique identifier for the item';
COMMENT ON COLUMN public.prescription_items.prescription_id IS 'The prescription it belongs to';
COMMENT ON COLUMN public.prescription_items."position" IS 'Its place in the prescription, from 1';
COMMENT ON COLUMN public.prescription_items.medication_name IS 'Name and strength of the medication';
COMMENT ON COLUMN public.prescription_items.medication_code IS 'RxNorm code of the medication';
COMMENT ON COLUMN public.prescription_items.dosage IS 'How much to take';
COMMENT ON COLUMN public.prescription_items.route IS 'How to take it';
COMMENT ON COLUMN public.prescription_items.frequency IS 'How often to take it';
COMMENT ON COLUMN public.prescription_items.duration_days IS 'For how many days';
COMMENT ON COLUMN public.prescription_items.quantity IS 'How much is dispensed';
COMMENT ON COLUMN public.prescription_items.refills IS 'How often it can be filled again';
COMMENT ON COLUMN public.prescription_items.instructions IS 'What the patient should know';
COMMENT ON COLUMN public.prescription_items.created_at IS 'When it was recorded';
COMMENT ON COLUMN public.prescription_items.updated_at IS 'When it was last changed';

CREATE INDEX idx_prescription_items_medication_code ON public.prescription_items USING btree (medication_code) WHERE (medication_code IS NOT NULL);

CREATE TRIGGER update_prescription_items_timestamp BEFORE UPDATE ON public.prescription_items FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();

CREATE TABLE public.tasks (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    title character varying(200) NOT NULL,
    description text,
    assigned_to uuid NOT NULL,
    created_by uuid,
    patient_id uuid,
    encounter_id uuid,
    priority smallint DEFAULT 2 NOT NULL,
    status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    due_date date,
    completed_at timestamp without time zone,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    updated_at timestamp without time zone DEFAULT now() NOT NULL,
    CONSTRAINT tasks_pkey PRIMARY KEY (id),
    CONSTRAINT completed_when_complete CHECK ((((status)::text = 'completed'::text) = (completed_at IS NOT NULL))),
    CONSTRAINT tasks_priority_check CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT tasks_status_check CHECK (((status)::text = ANY (ARRAY['pending'::character varying, 'in_progress'::character varying, 'completed'::character varying, 'cancelled'::character varying]))),
    CONSTRAINT tasks_assigned_to_fkey FOREIGN KEY (assigned_to) REFERENCES public.users(id) ON DELETE RESTRICT,
    CONSTRAINT tasks_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE SET NULL,
    CONSTRAINT tasks_encounter_id_fkey FOREIGN KEY (encounter_id) REFERENCES public.encounters(id) ON DELETE SET NULL,
    CONSTRAINT tasks_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES public.patients(id) ON DELETE CASCADE
);

COMMENT ON TABLE public.tasks IS 'Work items for users to complete';
COMMENT ON COLUMN public.tasks.id IS 'Unique identifier for the task';
COMMENT ON COLUMN public.tasks.title IS 'What is to be done';
COMMENT ON COLUMN public.tasks.description IS 'Details';
COMMENT ON COLUMN public.tasks.assigned_to IS 'Who does it';
COMMENT ON COLUMN public.tasks.created_by IS 'Who asked for it';
COMMENT ON COLUMN public.tasks.patient_id IS 'The patient it is about, if any';
COMMENT ON COLUMN public.tasks.encounter_id IS 'The encounter it came from, if any';
COMMENT ON COLUMN public.tasks.priority IS 'How important it is: 1 low, 2 normal, 3 high, 4 urgent';
COMMENT ON COLUMN public.tasks.status IS 'How far it has come';
COMMENT ON COLUMN public.tasks.due_date IS 'The day by which it must be done';
COMMENT ON COLUMN public.tasks.completed_at IS 'When it was done';
COMMENT ON COLUMN public.tasks.created_at IS 'When it was added';
COMMENT ON COLUMN public.tasks.updated_at IS 'When it was last changed';

CREATE INDEX idx_tasks_assigned_status ON public.tasks USING btree (assigned_to, status);

CREATE INDEX idx_tasks_created_by ON public.tasks USING btree (created_by) WHERE (created_by IS NOT NULL);

CREATE INDEX idx_tasks_encounter ON public.tasks USING btree (encounter_id) WHERE (encounter_id IS NOT NULL);

CREATE INDEX idx_tasks_patient ON public.tasks USING btree (patient_id) WHERE (patient_id IS NOT NULL);

CREATE INDEX idx_tasks_pending ON public.tasks USING btree (assigned_to, priority DESC, due_date) WHERE ((status)::text = 'pending'::text);

CREATE TRIGGER update_tasks_timestamp BEFORE UPDATE ON public.tasks FOR EACH ROW EXECUTE FUNCTION public.update_timestamp();
