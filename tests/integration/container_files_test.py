"""The Containerfile and the Kubernetes manifests, as far as they can be judged without a container engine or a cluster:
well-formed, complete, consistent with each other, within the restricted Pod Security Standard, and with a configuration
that `keysyncd check` finds sound.

    KEYSYNCD=.../keysyncd container_files_test.py
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

PROJECT = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = PROJECT / "deploy/kubernetes"
CONTAINERFILE = PROJECT / "deploy/container/Containerfile"
PORT = 10061
INSTRUCTIONS = {"FROM", "ENV", "COPY", "RUN", "WORKDIR", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}

# Kind: API version and the fields that its spec (or, without a spec, the object) may have.
KINDS = {
    "Namespace": ("v1", set()),
    "ServiceAccount": ("v1", {"automountServiceAccountToken"}),
    "Secret": ("v1", {"type", "stringData"}),
    "Service": ("v1", {"clusterIP", "publishNotReadyAddresses", "selector", "ports"}),
    "StatefulSet": ("apps/v1", {"serviceName", "replicas", "podManagementPolicy", "updateStrategy", "selector", "template",
                                "volumeClaimTemplates"}),
    "PodDisruptionBudget": ("policy/v1", {"maxUnavailable", "selector"}),
    "NetworkPolicy": ("networking.k8s.io/v1", {"podSelector", "policyTypes", "ingress", "egress"}),
    "ServiceMonitor": ("monitoring.coreos.com/v1", {"jobLabel", "selector", "endpoints"}),
}
POD_FIELDS = {"serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "terminationGracePeriodSeconds",
              "securityContext", "affinity", "containers", "volumes"}
CONTAINER_FIELDS = {"name", "image", "imagePullPolicy", "args", "ports", "securityContext", "livenessProbe",
                    "readinessProbe", "resources", "volumeMounts"}


class UniqueKeyLoader(yaml.SafeLoader):
    """A mapping with a key twice is an error, as it is for kubectl --validate=strict."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise yaml.YAMLError(f"repeated keys {repeated} at {node.start_mark}")
        return super().construct_mapping(node, deep)


def load(path):
    with open(path, encoding="utf-8") as stream:
        return list(yaml.load_all(stream, UniqueKeyLoader))


def instructions():
    """(INSTRUCTION, arguments) of the Containerfile, continued lines joined."""
    text = re.sub(r"(?m)^\s*#.*\n", "", CONTAINERFILE.read_text(encoding="utf-8"))
    text = re.sub(r"\\\n\s*", " ", text)
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


class ContainerfileTest(unittest.TestCase):
    def test_instructions(self):
        for name, _ in instructions():
            self.assertIn(name, INSTRUCTIONS)

    def test_stages(self):
        """What is copied comes from a stage that is there, and only the last stage ships."""
        stages = [arguments.split(" AS ") for name, arguments in instructions() if name == "FROM"]
        self.assertEqual(len(stages), 2)
        names = [stage[1].strip() for stage in stages if len(stage) == 2]
        used = re.findall(r"from=(\w+)", CONTAINERFILE.read_text(encoding="utf-8"))
        self.assertTrue(used)
        self.assertLessEqual(set(used), set(names))
        for stage in stages:
            self.assertRegex(stage[0], r"^docker\.io/library/debian:12-slim", "the platform that is built and tested on")

    def test_sources_exist(self):
        for name, arguments in instructions():
            if name == "COPY" and not arguments.startswith("--from"):
                for source in arguments.split()[:-1]:
                    self.assertTrue((PROJECT / source).exists(), source)

    def test_user_is_a_number_and_not_root(self):
        last = {name: arguments for name, arguments in instructions()}
        self.assertRegex(last["USER"], r"^[1-9]\d+:[1-9]\d+$")
        self.assertIn(f"--uid {last['USER'].split(':')[0]} ", CONTAINERFILE.read_text(encoding="utf-8"))
        self.assertEqual(last["EXPOSE"], str(PORT))

    def test_flags_exist(self):
        command = {name: arguments for name, arguments in instructions()}["CMD"]
        flags = re.findall(r'"(--[\w.-]+)=', command)
        self.assertTrue(flags)
        if os.environ.get("KEYSYNCD"):
            shown = subprocess.run([os.environ["KEYSYNCD"], "run", "--help"], capture_output=True, text=True, check=True)
            for flag in flags:
                self.assertIn(flag, shown.stdout)


class KubernetesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kustomization = load(KUBERNETES / "kustomization.yaml")[0]
        cls.objects = {}
        for name in cls.kustomization["resources"]:
            for one in load(KUBERNETES / name):
                cls.objects[one["kind"]] = one
        cls.pod = cls.objects["StatefulSet"]["spec"]["template"]
        cls.container = cls.pod["spec"]["containers"][0]

    def test_every_file_is_used(self):
        files = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml", "keysyncd.yaml"}
        self.assertEqual(files, set(self.kustomization["resources"]))
        self.assertEqual(self.kustomization["configMapGenerator"], [{"name": "keysyncd", "files": ["keysyncd.yaml"]}])

    def test_kinds_and_fields(self):
        self.assertEqual(set(self.objects), set(KINDS))
        for kind, one in self.objects.items():
            version, fields = KINDS[kind]
            self.assertEqual(one["apiVersion"], version)
            self.assertEqual(one["metadata"]["name"], "keysyncd")
            found = set(one["spec"]) if "spec" in one else set(one) - {"apiVersion", "kind", "metadata"}
            self.assertLessEqual(found, fields, kind)
        self.assertLessEqual(set(self.pod["spec"]), POD_FIELDS)
        self.assertLessEqual(set(self.container), CONTAINER_FIELDS)

    def test_selectors_find_the_pods(self):
        labels = self.pod["metadata"]["labels"]
        for kind in ("StatefulSet", "PodDisruptionBudget"):
            wanted = self.objects[kind]["spec"]["selector"]["matchLabels"]
            self.assertLessEqual(wanted.items(), labels.items(), kind)
        self.assertLessEqual(self.objects["Service"]["spec"]["selector"].items(), labels.items())
        self.assertLessEqual(self.objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items(), labels.items())
        self.assertLessEqual(self.objects["ServiceMonitor"]["spec"]["selector"]["matchLabels"].items(),
                             self.objects["Service"]["metadata"]["labels"].items())

    def test_ports_by_name(self):
        named = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        self.assertEqual(named, {"http": PORT})
        service = {port["name"]: port for port in self.objects["Service"]["spec"]["ports"]}
        self.assertIn(service["http"]["targetPort"], named)
        for endpoint in self.objects["ServiceMonitor"]["spec"]["endpoints"]:
            self.assertIn(endpoint["port"], service)
        for probe, path in (("livenessProbe", "/-/healthy"), ("readinessProbe", "/-/ready")):
            self.assertEqual(self.container[probe]["httpGet"], {"path": path, "port": "http"})

    def test_two_replicas_with_a_ledger_each(self):
        spec = self.objects["StatefulSet"]["spec"]
        self.assertEqual(spec["replicas"], 2)
        claims = {claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]}
        self.assertEqual(claims, {"ledger"})
        mounts = {mount["name"]: mount["mountPath"] for mount in self.container["volumeMounts"]}
        self.assertEqual(mounts["ledger"], "/var/lib/keysyncd")
        volumes = {volume["name"]: volume for volume in self.pod["spec"]["volumes"]}
        self.assertEqual(set(mounts), set(volumes) | claims)
        self.assertEqual(volumes["secrets"]["secret"]["secretName"], self.objects["Secret"]["metadata"]["name"])
        self.assertEqual(volumes["secrets"]["secret"]["defaultMode"] & 0o007, 0, "no secret is open to others")
        self.assertEqual(volumes["config"]["configMap"]["name"], self.kustomization["configMapGenerator"][0]["name"])

    def test_replicas_share_microsofts_limit(self):
        """5 requests in 10 s of the reports family, an application and tenant."""
        entra = load(KUBERNETES / "keysyncd.yaml")[0]["entra"]
        self.assertLessEqual(self.objects["StatefulSet"]["spec"]["replicas"] * entra["reports_limit"], 5)

    def test_restricted_pod_security(self):
        """The Pod Security Standard that the namespace enforces, and a read-only root on top of it."""
        pod = self.pod["spec"]["securityContext"]
        self.assertTrue(pod["runAsNonRoot"])
        self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
        user = {name: arguments for name, arguments in instructions()}["USER"]
        self.assertEqual(f"{pod['runAsUser']}:{pod['runAsGroup']}", user, "the image's own user")
        self.assertEqual(pod["fsGroup"], pod["runAsGroup"])
        container = self.container["securityContext"]
        self.assertIs(container["allowPrivilegeEscalation"], False)
        self.assertIs(container["readOnlyRootFilesystem"], True)
        self.assertEqual(container["capabilities"], {"drop": ["ALL"]})
        allowed = {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}
        for volume in self.pod["spec"]["volumes"]:
            self.assertLessEqual(set(volume) - {"name"}, allowed)
        self.assertIs(self.pod["spec"]["automountServiceAccountToken"], False)
        self.assertEqual(self.objects["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted")

    def test_the_image_is_the_one_that_the_readme_builds(self):
        built = re.search(r"podman build .* -t (\S+) ", (PROJECT / "README.md").read_text(encoding="utf-8"))[1]
        self.assertEqual(self.container["image"], built)

    def test_quantities(self):
        quantities = [*self.container["resources"]["requests"].values(), *self.container["resources"]["limits"].values(),
                      self.objects["StatefulSet"]["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"]]
        for quantity in quantities:
            self.assertRegex(str(quantity), r"^\d+(m|Ki|Mi|Gi)?$")

    @unittest.skipUnless(os.environ.get("KEYSYNCD"), "KEYSYNCD is not set")
    def test_arguments_and_configuration(self):
        binary = os.environ["KEYSYNCD"]
        shown = subprocess.run([binary, "run", "--help"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(self.container["args"][0], "run")
        for argument in self.container["args"][1:]:
            self.assertIn(argument.split("=")[0], shown)
        with tempfile.TemporaryDirectory(prefix="keysyncd-kubernetes-") as folder:
            for name, value in self.objects["Secret"]["stringData"].items():
                path = pathlib.Path(folder) / name
                path.write_text(value, encoding="utf-8")
                path.chmod(0o440)
            text = (KUBERNETES / "keysyncd.yaml").read_text(encoding="utf-8").replace("/etc/keysyncd/secrets", folder)
            configuration = pathlib.Path(folder) / "keysyncd.yaml"
            configuration.write_text(text, encoding="utf-8")
            result = subprocess.run([binary, "check", f"--config.file={configuration}"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
