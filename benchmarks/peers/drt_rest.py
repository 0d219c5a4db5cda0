"""drt-core with its REST destination in batch mode: https://github.com/drt-hub/drt.

python drt_rest.py <duckdb file> <url>
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

FILES = {
    "drt_project.yml": "name: users\nversion: '0.1'\nprofile: here\n",
    ".drt/profiles.yml": "here:\n  type: duckdb\n  database: {file}\n",
    "syncs/users.yml": """
name: users
model: "select user_id, plan, seats, ltv, city, cast(signed_up_at as varchar) as signed_up_at, is_admin from heap_users"
destination:
  type: rest_api
  url: {url}/api/add_user_properties
  body_mode: batch
  max_records_per_request: 1000
  batch_template: |
    {{"app_id": "1", "users": [
    {{% for row in rows %}}
    {{"identity": {{{{ row.user_id | tojson }}}}, "properties": {{
      "plan": {{{{ row.plan | tojson }}}}, "seats": {{{{ row.seats }}}}, "ltv": {{{{ row.ltv }}}},
      "city": {{{{ row.city | tojson }}}}, "signed_up_at": {{{{ row.signed_up_at | tojson }}}},
      "is_admin": {{{{ row.is_admin | tojson }}}}
    }} }}{{{{ "," if not loop.last }}}}
    {{% endfor %}}
    ]}}
sync: {{mode: full, batch_size: 10000, on_error: fail, rate_limit: {{requests_per_second: 100000}}}}
""",
}


def main(file: str, url: str) -> None:
    """Sends all users in requests of a thousand."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text.format(file=file, url=url))
        program = Path(sys.executable).with_name("drt")
        subprocess.run(
            [program, "run"], cwd=folder, env={**os.environ, "HOME": folder}, check=True, capture_output=True
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
