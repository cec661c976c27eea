<#
What each scheduled task runs, in the foreground: when it ends, the task has ended and is started again.
#>
param(
    [Parameter(Mandatory)] [string] $App,
    [Parameter(Mandatory)] [ValidateSet('terminal', 'orders', 'webserver', 'console', 'collector')] [string] $Part
)

$ErrorActionPreference = 'Stop'
$python = Join-Path $App '.venv\Scripts\python.exe'
$workspace = Join-Path $env:DAGSTER_HOME 'workspace.yaml'

function Set-CacheUrl {
    # Only in this process: the password is in no file and in no setting of the machine.
    $code = "import boto3; print(boto3.client('secretsmanager').get_secret_value(SecretId='TSS/redis/auth')['SecretString'])"
    $password = (& $python -c $code).Trim()
    if ($LASTEXITCODE -ne 0) { throw 'the password of the cache could not be read' }
    $env:AXIA_REDIS_URL = "rediss://:$password@$($env:TSS_CACHE_ENDPOINT):6379/0"
}

function Wait-Port([int] $Port) {
    foreach ($second in 1..120) {
        $client = [Net.Sockets.TcpClient]::new()
        try { $client.Connect('127.0.0.1', $Port); return } catch { Start-Sleep 1 } finally { $client.Dispose() }
    }
    throw "nobody listens on port $Port"
}

switch ($Part) {
    'terminal' {
        rundll32.exe user32.dll,LockWorkStation  # the session lives on behind the lock
        Start-Process -Wait $env:AXIA_MT5_PATH
    }
    'orders' {
        Set-CacheUrl
        $arguments = '-m', 'axia_cli.stack.lean', 'dagster', 'api', 'grpc', '-m', 'axia_pipelines.definitions', '--location-name', 'axia', '--host', '127.0.0.1', '--port', '4266'
        $server = Start-Process -PassThru -NoNewWindow -FilePath $python -ArgumentList $arguments -WorkingDirectory $App
        try {
            Wait-Port 4266
            $daemon = Start-Process -PassThru -NoNewWindow -FilePath $python -ArgumentList '-m', 'axia_cli.stack.lean', 'dagster._daemon', 'run', '-w', $workspace
            while (-not $server.HasExited -and -not $daemon.HasExited) { Start-Sleep 1 }
        } finally {
            # Children too: a desk that outlived its daemon would hold the lease.
            foreach ($each in $daemon, $server) { if ($each -and -not $each.HasExited) { taskkill.exe /T /F /PID $each.Id | Out-Null } }
        }
    }
    'webserver' {
        Wait-Port 4266
        & $python -m axia_cli.stack.lean dagster_webserver -w $workspace -h 127.0.0.1 -p 3000
    }
    'console' {
        Set-CacheUrl
        & $python -m axia_console  # loopback, port 8501
    }
    'collector' {
        Wait-Port 4266
        & $python -m dagster schedule start daily_collection_schedule -w $workspace
    }
}
exit $LASTEXITCODE
