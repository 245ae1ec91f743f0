#!/usr/bin/env python3
"""One Apache Kafka broker (KRaft, broker and controller in one) on loopback, for tests and for trying out.

    scripts/kafka_broker.py [--folder DIR] [--port PORT]     starts one and stays until Ctrl-C

Needs Java 17 or newer and Maven; the jars come from Maven Central at the first use and stay in
~/.cache/sluice. Tests use the class Broker; `why_not()` says in a sentence what is missing.
"""
import argparse
import base64
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

VERSION = "4.4.0"
SCALA = "2.13"
LOG4J = "2.25.5"  # what this version of Kafka depends on
USER, PASSWORD = "sluice", "sluice-secret"
LIMITED_USER, LIMITED_PASSWORD = "limited", "limited-secret"  # has the rights that a test grants it
SCRAM_PASSWORD = "sluice-scram-secret"  # of the same user, for SCRAM-SHA-256 and SCRAM-SHA-512
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
CLIENT = "sluice-client"  # the name in the certificate for mutual TLS
STORE_PASSWORD = "changeit"  # guards a key that is thrown away
PATIENCE_SECONDS = 120
MARK = ".complete-with-tools"
REMEDY = "apt-get install openjdk-17-jre-headless maven"

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice</groupId><artifactId>kafka-broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_{SCALA}</artifactId>
      <version>{VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId>
      <version>{VERSION}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId>
      <version>{LOG4J}</version></dependency>
  </dependencies>
</project>
"""

LOGGING = """appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %m (%c{1})%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
"""


def java_version():
    try:
        done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', done.stderr + done.stdout)
    return int(found.group(1)) if found else 0


def why_not():
    """A sentence with the remedy when no broker can be started here, else None."""
    if java_version() < 17:
        return f"Java 17 or newer is missing; {REMEDY}"
    if not jar_folder().joinpath(MARK).exists() and shutil.which("mvn") is None:
        return f"Maven is missing; {REMEDY}"
    return None


def jar_folder():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    return cache / "sluice" / f"kafka-{VERSION}"


def fetch():
    """The jars, fetched once; several test runs at a time wait for the first."""
    jars = jar_folder()
    jars.parent.mkdir(parents=True, exist_ok=True)
    with open(jars.parent / ".kafka.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (jars / MARK).exists():
            return jars
        with tempfile.TemporaryDirectory(dir=jars.parent) as work:
            work = pathlib.Path(work)
            (work / "pom.xml").write_text(POM)
            plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
            done = subprocess.run(["mvn", "-B", "-q", "-f", work / "pom.xml", plugin,
                                   "-DincludeScope=runtime", f"-DoutputDirectory={work / 'jars'}"],
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(f"Maven could not fetch Kafka {VERSION}:\n"
                                   f"{(done.stdout + done.stderr)[-2000:]}")
            (work / "jars" / MARK).touch()
            shutil.rmtree(jars, ignore_errors=True)
            (work / "jars").rename(jars)
    return jars


def free_port(taken=()):
    """Below the range that outgoing connections take, so that a restarted broker finds it free."""
    first = 20000 + os.getpid() * 7 % 10000
    for port in [*range(first, 30000), *range(20000, first)]:
        if port in taken:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


class Broker:
    """Start, stop, kill and restart over the same folder. Ended by its own process id only."""

    def __init__(self, folder, port=None, secure=False, properties=None, heap="384m"):
        self.folder = pathlib.Path(folder)
        self.jars = fetch()
        self.heap, self.secure = heap, secure
        self.properties = properties or {}
        self.process = None
        self.ports = {}
        if port:
            self.ports["PLAINTEXT"] = port
        logins = ["SASL_SSL", "SASL_PLAINTEXT", "SSL"] if secure else []
        for name in ["PLAINTEXT", "CONTROLLER", *logins]:
            taken = set(self.ports.values())
            self.ports.setdefault(name, free_port(taken))
        self.address = f"127.0.0.1:{self.ports['PLAINTEXT']}"
        self.secure_address = f"127.0.0.1:{self.ports['SASL_SSL']}" if secure else None
        self.login_address = f"127.0.0.1:{self.ports['SASL_PLAINTEXT']}" if secure else None
        self.mutual_address = f"127.0.0.1:{self.ports['SSL']}" if secure else None
        self.ca_file = self.folder / "ca.pem"

    # --- files ------------------------------------------------------------------------------

    def make_certificate(self, expired=False):
        """A self-signed certificate that clients trust by ca_file; the broker reads it at its start."""
        store = self.folder / "server.p12"
        store.unlink(missing_ok=True)
        validity = ["-startdate", "-30d", "-validity", "10"] if expired else ["-validity", "3650"]
        keytool = ["keytool", "-keystore", store, "-storepass", STORE_PASSWORD, "-alias", "kafka"]
        subprocess.run([*keytool, "-genkeypair", "-storetype", "PKCS12", "-keyalg", "RSA", "-keysize",
                        "2048", "-dname", "CN=localhost", "-ext", "SAN=dns:localhost,ip:127.0.0.1",
                        "-ext", "BC=ca:true", *validity], capture_output=True, check=True)
        subprocess.run([*keytool, "-exportcert", "-rfc", "-file", self.ca_file], capture_output=True,
                       check=True)

    def make_client_certificate(self, name, trusted):
        """(certificate, key) for mutual TLS; the broker trusts it from its next start on."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                        f"/CN={name}", "-keyout", key, "-out", certificate], capture_output=True, check=True)
        if trusted:
            subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", name, "-file", certificate,
                            "-keystore", self.folder / "clients.p12", "-storetype", "PKCS12", "-storepass",
                            STORE_PASSWORD], capture_output=True, check=True)
        return certificate, key

    def write_settings(self):
        at = {name: f"{name}://127.0.0.1:{port}" for name, port in self.ports.items()}
        public = ",".join(url for name, url in at.items() if name != "CONTROLLER")
        settings = {
            "process.roles": "broker,controller", "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.ports['CONTROLLER']}",
            "controller.listener.names": "CONTROLLER",
            "listeners": ",".join(at.values()), "advertised.listeners": public,
            "listener.security.protocol.map":
                "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,"
                "CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.folder / "data", "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # a broker that was killed may register again only when its old session is over
            "broker.session.timeout.ms": 4000, "broker.heartbeat.interval.ms": 1000,
            # one broker: nothing can be replicated, and few partitions start faster
            "offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 2,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 1,
        }
        if self.secure:
            name = "listener.name.sasl_ssl"
            settings |= {
                f"{name}.sasl.enabled.mechanisms": ",".join(("PLAIN", *SCRAM)),
                "listener.name.sasl_plaintext.sasl.enabled.mechanisms": ",".join(SCRAM),
                f"{name}.plain.sasl.jaas.config":
                    "org.apache.kafka.common.security.plain.PlainLoginModule required "
                    f'user_{USER}="{PASSWORD}" user_{LIMITED_USER}="{LIMITED_PASSWORD}";',
                "listener.name.ssl.ssl.client.auth": "required",
                "listener.name.ssl.ssl.truststore.type": "PKCS12",
                "listener.name.ssl.ssl.truststore.location": self.folder / "clients.p12",
                "listener.name.ssl.ssl.truststore.password": STORE_PASSWORD,
                # whoever comes without a login may do everything: tests and tools
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": f"User:ANONYMOUS;User:{USER};User:CN={CLIENT}",
            }
            for listener in (name, "listener.name.sasl_plaintext"):
                settings |= {f"{listener}.{mechanism.lower()}.sasl.jaas.config":
                             "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                             for mechanism in SCRAM}
            for listener in (name, "listener.name.ssl"):
                settings |= {f"{listener}.ssl.keystore.type": "PKCS12",
                             f"{listener}.ssl.keystore.location": self.folder / "server.p12",
                             f"{listener}.ssl.keystore.password": STORE_PASSWORD}
        settings |= self.properties
        text = "".join(f"{key}={value}\n" for key, value in settings.items())
        (self.folder / "server.properties").write_text(text)
        (self.folder / "log4j2.properties").write_text(LOGGING)

    def java(self, *arguments):
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        return ["java", "-cp", f"{self.jars}/*", logging, *[str(a) for a in arguments]]

    def scram_users(self):
        """They stand in the cluster's metadata from its first start on, not in the broker's settings."""
        if not self.secure:
            return []
        return [part for mechanism in SCRAM for part in
                ("--add-scram", f"{mechanism}=[name={USER},password={SCRAM_PASSWORD}]")]

    # --- life -------------------------------------------------------------------------------

    def start(self, wait=True):
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.secure and not self.ca_file.exists():
            self.make_certificate()
            self.client_certificate = self.make_client_certificate(CLIENT, trusted=True)
        self.write_settings()
        if not (self.folder / "data" / "meta.properties").exists():
            cluster = base64.urlsafe_b64encode(os.urandom(16)).decode().strip("=").replace("-", "a")
            subprocess.run(self.java("-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format",
                                     "-t", cluster, "-c", self.folder / "server.properties",
                                     *self.scram_users()),
                           capture_output=True, check=True)
        log = self.folder / "broker.log"
        self.log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                self.java(f"-Xms{self.heap}", f"-Xmx{self.heap}", "-XX:+UseSerialGC",
                          "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true", "kafka.Kafka",
                          self.folder / "server.properties"),
                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "Kafka Server started" not in self.output():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the broker did not start:\n{self.output()[-3000:]}")
            time.sleep(0.1)

    def output(self):
        with (self.folder / "broker.log").open("rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def tool(self, name, *arguments, check=True):
        """Runs one of Kafka's own tools from the jars and returns what it printed."""
        classes = {"groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                   "topics": "org.apache.kafka.tools.TopicCommand",
                   "configs": "org.apache.kafka.tools.ConfigCommand",
                   "acls": "org.apache.kafka.tools.AclCommand",
                   "consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer"}
        done = subprocess.run(
            self.java("-XX:TieredStopAtLevel=1", "-Xmx128m", classes[name], "--bootstrap-server",
                      self.address, *arguments),
            capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
        if check and done.returncode != 0:
            raise RuntimeError(f"{name} {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, *_):
        self.kill()


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", default=".run/kafka", help="keeps everything (.run/kafka)")
    arguments.add_argument("--port", type=int, default=19092, help="of the plaintext listener (19092)")
    arguments.add_argument("--fetch", action="store_true", help="only fetch the jars")
    options = arguments.parse_args()
    problem = why_not()
    if problem:
        print(f"kafka_broker: {problem}", file=sys.stderr)
        return 3
    if options.fetch:
        print(fetch())
        return 0
    with Broker(pathlib.Path(options.folder).resolve(), options.port) as broker:
        print(f"Kafka {VERSION} at {broker.address}; Ctrl-C ends it", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            broker.process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
