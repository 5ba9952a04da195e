# Sections, titles, status lines, state reasons. The product is feminine throughout, and nobody is addressed by gender.

product = آلة القهوة
progress = { $progress ->
    [queued] في الطريق إلى آلة القهوة
    [sent] في الطريق إلى آلة القهوة
    [waiting] آلة القهوة غير متصلة. سيُنفَّذ هذا إذا عادت خلال { $progress_lasts_min ->
        [zero] أقل من دقيقة
        [one] دقيقة واحدة
        [two] دقيقتين
        [few] { $progress_lasts_min } دقائق
        [many] { $progress_lasts_min } دقيقة
       *[other] { $progress_lasts_min } دقيقة
     }.
    [accepted] وصل إلى آلة القهوة
    [running] { $progress_percent ->
        [unknown] آلة القهوة تعمل عليه
       *[other] آلة القهوة تعمل عليه: أُنجز { $progress_percent } في المئة
     }
    [done] تم
    [expired] لم يُنفَّذ: لم تُجب آلة القهوة في الوقت المحدد
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
status-demo = { $level ->
    [ok] جاهزة لتحضير قهوة لك
    [busy] تحضّر قهوة لشخص آخر الآن
    [attention] جاهزة لتحضير قهوة لك
   *[other] هذه تحتاج إلى موظفي المتجر أولًا
 }
status-busy = تحضّر قهوة الآن، أو تسخن
reason-beans-empty = نفد البن
reason-beans-low = البن على وشك النفاد
reason-brew-unit-missing = وحدة التحضير غير موجودة
reason-cleaning-due = حان وقت التنظيف
reason-descale-due = يلزم إزالة الكلس
reason-descale-soon = اقترب موعد إزالة الكلس
reason-door-open = باب الصيانة مفتوح
reason-drip-tray-full = صينية التقطير ممتلئة
reason-drip-tray-missing = صينية التقطير غير موجودة
reason-filter-worn = انتهى عمر فلتر الماء
reason-grinder-jam = المطحنة عالقة
reason-grounds-almost-full = حاوية الثُّفل على وشك الامتلاء
reason-grounds-full = حاوية الثُّفل ممتلئة
reason-lid-open = غطاء البن مفتوح
reason-no-flow = لا يمرّ الماء
reason-none = كل شيء على ما يرام
reason-over-temp = ساخنة جدًا
reason-tank-missing = خزان الماء غير موجود
reason-water-empty = نفد الماء
reason-water-low = الماء على وشك النفاد
