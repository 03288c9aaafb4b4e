"""A real Prometheus on loopback: scrapes what it is told, knows the rules it is given, answers queries."""

import json
import pathlib
import shutil
import urllib.error
import urllib.parse
import urllib.request

import yaml

from . import children
from .addresses import free_port
from .errors import LabError

DEPLOYED = pathlib.Path(__file__).resolve().parents[3] / "deploy/prometheus"
RULES = ("keysyncd.recording.yml", "keysyncd.alerts.yml")


class PrometheusServer:
    """`folder` is made, and holds configuration, data and log. `rules`: names of files in deploy/prometheus."""

    def __init__(self, folder, scrape_configs, interval="1s", rules=(), port=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        for rule in rules:
            shutil.copy(DEPLOYED / rule, self.folder)
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": list(rules), "scrape_configs": scrape_configs}))
        self.address = f"127.0.0.1:{port or free_port()}"
        self.url = f"http://{self.address}"
        self._log = self.folder / "prometheus.log"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._process = None

    def start(self, deadline=30):
        with open(self._log, "wb") as log:
            self._process = children.start(
                ["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                 f"--web.listen-address={self.address}", "--log.level=warn"], stdout=log, stderr=log)
        if not children.wait_until(lambda: self._process.poll() is not None or self._ready(), deadline):
            raise LabError(f"Prometheus is not ready after {deadline} s: see {self._log}")
        self.check()
        return self

    def check(self):
        """Raises LabError when it has ended by itself."""
        if self._process.poll() is not None:
            raise LabError("Prometheus has ended: " + "\n".join(self._log.read_text().splitlines()[-5:]))

    def stop(self):
        if self._process is not None:
            children.end(self._process)
            self._process = None

    def query(self, expression):
        """[(labels, value)] of an instant query. Raises LabError when Prometheus does not understand it."""
        data = urllib.parse.urlencode({"query": expression}).encode()
        try:
            with self._opener.open(f"{self.url}/api/v1/query", data=data, timeout=10) as answer:
                result = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise LabError(f"{expression}: {error.read().decode()}") from error
        return [(series["metric"], float(series["value"][1])) for series in result]

    def wait_for(self, expression, seconds):
        """The result of the query, once it has one."""
        result = []

        def answered():
            result[:] = self.query(expression)
            return result

        if not children.wait_until(answered, seconds, interval=0.2):
            raise LabError(f"no answer to {expression} in {seconds} s")
        return result

    def rules(self):
        """Every rule of every group, as /api/v1/rules tells it."""
        with self._opener.open(f"{self.url}/api/v1/rules", timeout=10) as answer:
            return [rule for group in json.load(answer)["data"]["groups"] for rule in group["rules"]]

    def _ready(self):
        try:
            with self._opener.open(f"{self.url}/-/ready", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False
