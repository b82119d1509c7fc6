from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0003_held"),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="seen_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
