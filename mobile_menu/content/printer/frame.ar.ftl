# Sections, titles, status lines, state reasons. The product is feminine throughout, and nobody is addressed by gender.

product = الطابعة

# How far a command is. A reason is known when the printer names one.
progress = { $progress ->
    [queued] في الطريق إلى الطابعة
    [sent] في الطريق إلى الطابعة
    [waiting] الطابعة غير متصلة. سيُنفَّذ هذا إذا عادت خلال { $progress_lasts_min ->
        [zero] أقل من دقيقة
        [one] دقيقة واحدة
        [two] دقيقتين
        [few] { $progress_lasts_min } دقائق
        [many] { $progress_lasts_min } دقيقة
       *[other] { $progress_lasts_min } دقيقة
     }.
    [accepted] وصل إلى الطابعة
    [running] { $progress_percent ->
        [unknown] الطابعة تعمل عليه
       *[other] الطابعة تعمل عليه: أُنجز { $progress_percent } في المئة
     }
    [done] تم
    [expired] لم يُنفَّذ: لم تُجب الطابعة في الوقت المحدد
   *[failed] { $progress_reason ->
        [unknown] لم ينجح ذلك
       *[other] لم ينجح ذلك: { $progress_reason }
     }
 }

section-yours = هل هي لك؟
section-fix = { $level ->
    [error] للإصلاح الآن
   *[other] يحسُن فعله الآن
 }
section-delivery = التوصيل
section-stuck = لنمضِ معًا
section-checklist = التركيب
section-try = التجربة
section-coupon = لك
section-offline = سبب صمتها
section-supplies = المستلزمات
section-discover = التعرّف عليها
section-prepare = الاستعداد
section-remote = من مكانك
section-use = استفادة أكبر
section-share = للأصدقاء
section-feedback = كيف تسير الأمور؟
section-care = العناية بها
section-help = المساعدة
section-privacy = بياناتك

title-onlooker = { $model }: لها مالك
title-interested = نقدّم لك { $model }
title-demo = تجربة { $model }
title-in-shop = أهلًا بك في { $shop }
title-engaged = أنت و{ $model }
title-delivery = { $model } في الطريق إليك
title-delivery-trouble = نعتذر عن الانتظار
title-install = تركيب { $model }
title-install-away = قبل تركيب { $model }
title-install-stuck = هل طال التركيب؟ نحن هنا للمساعدة
title-support = { $model } الخاصة بك
title-support-error = { $model } بحاجة إليك
title-support-attention = { $model } ستحتاج إلى شيء قريبًا
title-support-offline = لا خبر من { $model }
title-closed = شكرًا لك

status-onlooker = حالها تظهر لمن يقف عندها
status-interested = جولة للتعرّف عليها
status-demo = { $level ->
    [ok] جاهزة للطباعة لك
    [busy] تطبع لشخص آخر الآن
    [attention] جاهزة للطباعة لك
   *[other] هذه تحتاج إلى موظفي المتجر أولًا
 }
status-in-shop = { $shop_address ->
    [unknown] أنت في المتجر
   *[other] { $shop_address }
 }
status-engaged = تسعدنا عودتك
status-parcel = { $parcel ->
    [none] طلبك قيد التجهيز
    [label] تم التغليف، في انتظار { $carrier ->
        [unknown] شركة الشحن
       *[other] { $carrier }
     }
    [moving] { $promised ->
        [unknown] في الطريق
       *[other] في الطريق، والموعد { DATETIME($promised, dateStyle: "long") }
     }
    [out_for_delivery] تصل اليوم
    [late] { $promised ->
        [unknown] تأخّرت عن الموعد
       *[other] تأخّرت: كان الموعد { DATETIME($promised, dateStyle: "long") }
     }
    [failed] تعذّر التسليم
   *[delivered] تم التسليم
 }
status-return = يجري ترتيب الإرجاع
status-steps = الخطوات المنجزة: { $steps_done } من { $steps_all }
status-install = جاهزة للتركيب
status-reason = { $reason ->
    [unknown] { $level ->
        [error] توقّفت ولم تذكر سببًا
       *[other] تطلب الانتباه ولم تذكر سببًا
     }
   *[other] { $reason }
 }
status-offline = { $last_reason ->
    [unknown] لا اتصال بها الآن
   *[other] لا اتصال بها الآن. آخر ما أبلغت عنه: { $last_reason }
 }
status-busy = تطبع الآن
status-ok = { $days_left ->
    [unknown] كل شيء على ما يرام
    [zero] كل شيء على ما يرام. قد تنفد المستلزمات اليوم
    [one] كل شيء على ما يرام. تكفي المستلزمات نحو يوم واحد
    [two] كل شيء على ما يرام. تكفي المستلزمات نحو يومين
    [few] كل شيء على ما يرام. تكفي المستلزمات نحو { NUMBER($days_left) } أيام
    [many] كل شيء على ما يرام. تكفي المستلزمات نحو { NUMBER($days_left) } يومًا
   *[other] كل شيء على ما يرام. تكفي المستلزمات نحو { NUMBER($days_left) } يوم
 }
status-unknown = لا أخبار منها بعد
status-closed = { $closed_reason ->
    [returned] اكتمل الإرجاع
    [transferred] لهذا المنتج مالك جديد
    [retired] خرج هذا المنتج من الخدمة
    [lapsed] لم نتواصل منذ مدة
    [ended] لم تعد لك صلة بهذا المنتج
   *[other] لم يبقَ هنا ما يلزم فعله
 }

reason-connecting-to-device = جارٍ الاتصال بالطابعة
reason-cover-open = أحد الأغطية مفتوح
reason-developer-empty = نفد المُظهِر
reason-developer-low = المُظهِر على وشك النفاد
reason-door-open = أحد الأبواب مفتوح
reason-fuser-over-temp = وحدة التثبيت ساخنة جدًا
reason-fuser-under-temp = وحدة التثبيت ما زالت باردة
reason-input-tray-missing = درج الورق غير موجود
reason-interlock-open = قفل الأمان مفتوح
reason-interpreter-resource-unavailable = يحتاج المستند إلى ما ليس في الطابعة
reason-marker-supply-empty = نفد الحبر
reason-marker-supply-low = الحبر على وشك النفاد
reason-marker-waste-almost-full = حاوية المخلفات على وشك الامتلاء
reason-marker-waste-full = حاوية المخلفات ممتلئة
reason-media-empty = نفد الورق
reason-media-jam = انحشر الورق
reason-media-low = بقي قليل من الورق
reason-media-needed = يلزم ورق آخر
reason-moving-to-paused = على وشك التوقف المؤقت
reason-none = كل شيء على ما يرام
reason-opc-life-over = انتهى عمر الأسطوانة
reason-opc-near-eol = الأسطوانة على وشك انتهاء عمرها
reason-other = هناك ما يحتاج إلى نظرة
reason-output-area-almost-full = درج الإخراج على وشك الامتلاء
reason-output-area-full = درج الإخراج ممتلئ
reason-output-tray-missing = درج الإخراج غير موجود
reason-paused = متوقفة مؤقتًا
reason-shutdown = مطفأة
reason-spool-area-full = الذاكرة ممتلئة
reason-stopped-partly = توقّف جزء منها
reason-stopping = جارٍ التوقف
reason-timed-out = الطابعة لا تجيب
reason-toner-empty = نفد مسحوق الحبر
reason-toner-low = مسحوق الحبر على وشك النفاد
