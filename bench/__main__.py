"""`make bench`: every measurement, one after the other, on a throwaway embedded server."""

from __future__ import annotations

import subprocess
import sys

from schematool.engines.servers import temporary

print("== reading, comparing, planning", flush=True)
subprocess.run([sys.executable, "-m", "bench.catalogs"], check=True)
print("== splitting SQL", flush=True)
subprocess.run([sys.executable, "-m", "bench.split"], check=True)
print("== applying many small migrations", flush=True)
with temporary("postgres") as url:
    subprocess.run([sys.executable, "-m", "bench.apply", url.reveal()], check=True)
print("== filling the clinic", flush=True)
with temporary("postgres") as url, temporary("mongo") as mongo:
    subprocess.run([sys.executable, "-m", "bench.seed", url.reveal(), mongo.reveal(), "10000"], check=True)
print("== checking references across databases (10 million by hand: python -m bench.references)", flush=True)
subprocess.run([sys.executable, "-m", "bench.references", "500000"], check=True)
