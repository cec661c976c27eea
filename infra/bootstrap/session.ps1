<#
The session of the terminal: MT5 and the Python module must share a desktop, so one user is logged on at every start, and the
desktop is locked at once. The password is made here, kept as an LSA secret and known to nobody.
#>
param([Parameter(Mandatory)] [string] $Root)

$ErrorActionPreference = 'Stop'
$user = 'axia'

Add-Type -TypeDefinition @'
using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

public static class LsaSecret {
    [StructLayout(LayoutKind.Sequential)]
    struct Text { public ushort Length; public ushort MaximumLength; public IntPtr Buffer; }
    [StructLayout(LayoutKind.Sequential)]
    struct Attributes { public int Length; public IntPtr Root; public IntPtr Name; public uint Flags; public IntPtr Descriptor; public IntPtr Quality; }

    [DllImport("advapi32.dll")] static extern uint LsaOpenPolicy(IntPtr system, ref Attributes attributes, uint access, out IntPtr policy);
    [DllImport("advapi32.dll")] static extern uint LsaStorePrivateData(IntPtr policy, ref Text key, ref Text value);
    [DllImport("advapi32.dll")] static extern uint LsaClose(IntPtr policy);
    [DllImport("advapi32.dll")] static extern int LsaNtStatusToWinError(uint status);

    static Text Make(string value) {
        ushort length = (ushort)(value.Length * 2);
        return new Text { Buffer = Marshal.StringToHGlobalUni(value), Length = length, MaximumLength = (ushort)(length + 2) };
    }

    static void Check(uint status) { if (status != 0) throw new Win32Exception(LsaNtStatusToWinError(status)); }

    public static void Store(string key, string value) {
        IntPtr policy;
        var attributes = new Attributes { Length = Marshal.SizeOf(typeof(Attributes)) };
        Check(LsaOpenPolicy(IntPtr.Zero, ref attributes, 0x20 /* POLICY_CREATE_SECRET */, out policy));
        try { var name = Make(key); var text = Make(value); Check(LsaStorePrivateData(policy, ref name, ref text)); }
        finally { LsaClose(policy); }
    }
}
'@

$bytes = [byte[]]::new(24)
[Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($bytes)
$password = 'Aa1!' + [Convert]::ToBase64String($bytes)
$secure = ConvertTo-SecureString $password -AsPlainText -Force
if (Get-LocalUser -Name $user -ErrorAction SilentlyContinue) {
    Set-LocalUser -Name $user -Password $secure
} else {
    New-LocalUser -Name $user -Password $secure -PasswordNeverExpires -AccountNeverExpires -Description 'Session of the MT5 terminal' | Out-Null
}

# Windows reads the password of the automatic logon from this secret when the registry has none.
[LsaSecret]::Store('DefaultPassword', $password)
$winlogon = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
Set-ItemProperty $winlogon -Name AutoAdminLogon -Value '1'
Set-ItemProperty $winlogon -Name DefaultUserName -Value $user
Set-ItemProperty $winlogon -Name DefaultDomainName -Value $env:COMPUTERNAME
Remove-ItemProperty $winlogon -Name DefaultPassword -ErrorAction SilentlyContinue

# The user owns AXIA's folder and nothing else.
icacls.exe $Root /grant "${user}:(OI)(CI)M" /T /Q | Out-Null
