import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def believe(apps, schema_editor):
    """What is there without a mail server was believed, not proved."""
    if not settings.CONFIRM_EMAIL:
        addresses = apps.get_model("account", "EmailAddress").objects.filter(verified=True)
        believed = apps.get_model("oidc", "BelievedAddress").objects
        believed.bulk_create(believed.model(address=address) for address in addresses.iterator())


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        migrations.CreateModel(
            name="BelievedAddress",
            fields=[
                (
                    "address",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="believed",
                        serialize=False,
                        to="account.emailaddress",
                    ),
                ),
            ],
        ),
        migrations.RunPython(believe, migrations.RunPython.noop, elidable=True),
    ]
